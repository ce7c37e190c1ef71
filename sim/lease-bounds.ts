/**
 * Until when, in true time, each Region may believe at the very most that it may accept writes (I2). Bounds come
 * from what controllers and promisers answered, and from when they were asked: whoever counts from later, or from
 * something else, is found.
 */
import type { Assignment, LeaseGrant } from "../src/model/assignment.ts";
import { formatInstance, type DatabaseId, type Epoch, type RegionId } from "../src/model/region.ts";
import type { StartAs } from "../src/postgres/postgres.ts";
import type { Violate } from "./checkers.ts";
import type { SimClock } from "./clock.ts";
import type { SimHost } from "./host.ts";

type Terms = {
  readonly clock: SimClock;
  readonly violate: Violate;
  /** How fast the clock of a Region runs. */
  readonly rateOf: (region: RegionId) => number;
};

/** Whose promises replace the lease, by the record's version that said so. */
type Failsafe = { readonly version: number; readonly regions: readonly RegionId[] };

export class LeaseBounds {
  readonly #terms: Terms;
  /** By Region and database. */
  readonly #granted = new Map<string, number>();
  readonly #failsafes = new Map<string, Failsafe[]>();
  /** By writer's Region, database, epoch and promiser. */
  readonly #promised = new Map<string, number>();

  constructor(terms: Terms) {
    this.#terms = terms;
  }

  /** A controller that was asked at `askedAtMs` answered this. The agent's own clock may run slow. */
  answered(
    region: RegionId,
    askedAtMs: number,
    said: { readonly assignments: readonly Assignment[]; readonly leases: readonly LeaseGrant[] },
  ): void {
    for (const { database, ttlMs } of said.leases) {
      const untilMs = askedAtMs + ttlMs / this.#terms.rateOf(region);
      const key = `${region}/${database}`;
      this.#granted.set(key, Math.max(untilMs, this.#granted.get(key) ?? -Infinity));
    }
    for (const { database, role, epoch, version, failsafe } of said.assignments) {
      if (role !== "primary") continue;
      const key = `${region}/${database}/${epoch}`;
      const known = this.#failsafes.get(key) ?? [];
      if (known.some((one) => one.version === version)) continue;
      this.#failsafes.set(key, [
        ...known,
        { version, regions: failsafe.map((peer) => peer.region) },
      ]);
    }
  }

  /** The agent of `region` says that it follows this version: earlier lists of promisers are no longer asked. */
  follows(region: RegionId, database: DatabaseId, epoch: Epoch, version: number): void {
    const key = `${region}/${database}/${epoch}`;
    const known = this.#failsafes.get(key);
    if (known)
      this.#failsafes.set(
        key,
        known.filter((one) => one.version >= version),
      );
  }

  /** `promiser` was asked at `askedAtMs` and gave its word. */
  promised(
    promiser: RegionId,
    to: { readonly region: RegionId; readonly database: DatabaseId; readonly epoch: Epoch },
    askedAtMs: number,
    ttlMs: number,
  ): void {
    const key = `${to.region}/${to.database}/${to.epoch}/${promiser}`;
    const untilMs = askedAtMs + ttlMs / this.#terms.rateOf(to.region);
    this.#promised.set(key, Math.max(untilMs, this.#promised.get(key) ?? -Infinity));
  }

  untilMs(region: RegionId, database: DatabaseId, epoch: Epoch): number {
    const granted = this.#granted.get(`${region}/${database}`) ?? -Infinity;
    const lists = this.#failsafes.get(`${region}/${database}/${epoch}`) ?? [];
    const promised = lists.map(({ regions }) =>
      Math.min(
        ...regions.map(
          (one) => this.#promised.get(`${region}/${database}/${epoch}/${one}`) ?? -Infinity,
        ),
      ),
    );
    return Math.max(granted, ...promised);
  }

  started(host: SimHost, as: StartAs, epoch: Epoch): void {
    if (as.kind !== "primary") return;
    const { region, database } = host.id;
    if (this.#terms.clock.monotonicMs() > this.untilMs(region, database, epoch))
      this.#terms.violate(`${formatInstance(host.id)} was started as primary without a lease (I2)`);
  }
}
