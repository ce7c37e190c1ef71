/**
 * What must never happen, and what must happen in the end. Checkers watch from outside, in true time, and record;
 * they never throw into the program. Rules: src/database/SPEC.md.
 */
import type { InstanceReport } from "../src/model/instance.ts";
import { formatInstance, type RegionId, type SystemId } from "../src/model/region.ts";
import type { StartAs } from "../src/postgres/postgres.ts";
import type { SimClock } from "./clock.ts";
import type { SimFinishedData, SimHost } from "./host.ts";
import type { PostgresWitness } from "./postgres.ts";

export class Checkers implements PostgresWitness {
  readonly violations: string[] = [];
  readonly #clock: SimClock;
  readonly #hosts: () => readonly SimHost[];
  readonly #systemOf: (host: SimHost) => string;
  readonly #created = new Map<string, SystemId>();
  readonly #terms = new Map<string, number>();
  /** By Region and database: until when, in true time, the agent may count on its lease at the very most. */
  readonly #leases = new Map<string, number>();

  /** `systemOf` names the database system that a host belongs to. */
  constructor(
    clock: SimClock,
    hosts: () => readonly SimHost[],
    systemOf: (host: SimHost) => string,
  ) {
    this.#clock = clock;
    this.#hosts = hosts;
    this.#systemOf = systemOf;
  }

  violate(what: string): void {
    this.violations.push(`at ${Math.round(this.#clock.monotonicMs())} ms: ${what}`);
  }

  readonly created = (host: SimHost, systemId: SystemId): void => {
    const system = this.#systemOf(host);
    const known = this.#created.get(system);
    this.#created.set(system, systemId);
    if (known !== undefined)
      this.violate(`${system} was created again (D1): first ${known}, then ${systemId}`);
  };

  readonly removed = (host: SimHost, data: SimFinishedData): void => {
    if (!data.isStandby)
      this.violate(`the data of the writer ${formatInstance(host.id)} were removed (A8)`);
  };

  readonly started = (host: SimHost, as: StartAs): void => {
    if (as.kind !== "primary") return;
    const { region, database } = host.id;
    const untilMs = this.#leases.get(`${region}/${database}`) ?? -Infinity;
    if (this.#clock.monotonicMs() > untilMs)
      this.violate(`${formatInstance(host.id)} was started as primary without a lease (I2)`);
    const system = this.#systemOf(host);
    const primaries = this.#hosts().filter(
      (other) => other.isPrimary && this.#systemOf(other) === system,
    );
    if (primaries.length > 1)
      this.violate(
        `${system} has two primaries: ${primaries.map(({ id }) => formatInstance(id)).join()}`,
      );
  };

  /** The controller grants `ttlMs` from now; the agent counted from before it asked, on a clock of this rate. */
  granted(region: RegionId, database: string, ttlMs: number, clockRate: number): void {
    this.#leases.set(`${region}/${database}`, this.#clock.monotonicMs() + ttlMs / clockRate);
  }

  /** A term that somebody took, or obeyed and wrote down, or found at its start. */
  term(who: string, term: number): void {
    const highest = this.#terms.get(who) ?? 0;
    if (term < highest) this.violate(`${who} went back from term ${highest} to ${term} (A2)`);
    this.#terms.set(who, Math.max(highest, term));
  }

  /** The store names a system id: it is the one that was created. */
  recorded(system: string, systemId: SystemId | undefined): void {
    const created = this.#created.get(system);
    if (systemId !== undefined && systemId !== created)
      this.violate(
        `${system} is recorded as ${systemId}, but ${created ?? "nothing"} was created (D2)`,
      );
  }

  /** Asked after a long time without faults. */
  serves(host: SimHost, report: InstanceReport | undefined): void {
    if (report?.state.kind === "serving") return;
    const state = report ? JSON.stringify(report.state) : "not reported";
    this.violate(`${formatInstance(host.id)} does not serve in the end: ${state}`);
  }
}
