/** All checkers behind one door, for those who tell them what happened. */
import type { SystemId } from "../src/model/region.ts";
import type { StartAs } from "../src/postgres/postgres.ts";
import { Checkers, Violations } from "./checkers.ts";
import type { SimClock } from "./clock.ts";
import type { SimEvidence, SimFinishedData, SimHost } from "./host.ts";
import { LeaseBounds } from "./lease-bounds.ts";
import type { PostgresWitness } from "./postgres-witness.ts";
import { Truth } from "./truth.ts";

export type RefereeTerms = {
  readonly clock: SimClock;
  readonly marginMs: number;
  readonly hosts: () => readonly SimHost[];
  readonly rateOf: (region: string) => number;
};

export class Referee implements PostgresWitness {
  readonly checkers: Checkers;
  readonly bounds: LeaseBounds;
  readonly truth: Truth;
  readonly #violations: Violations;

  constructor(terms: RefereeTerms) {
    const { clock, hosts, rateOf, marginMs } = terms;
    this.#violations = new Violations(clock);
    const { add: violate } = this.#violations;
    this.bounds = new LeaseBounds({ clock, violate, rateOf });
    this.truth = new Truth({ clock, violate, bounds: this.bounds, marginMs, hosts });
    this.checkers = new Checkers(violate, hosts, {
      systemOf: (host) => this.truth.keyOf(host),
      memberOf: (host) => (this.truth.hasLeft(host) ? undefined : this.truth.keyOf(host)),
    });
  }

  get violations(): readonly string[] {
    return this.#violations.said;
  }

  violate(what: string): void {
    this.#violations.add(what);
  }

  readonly created = (host: SimHost, systemId: SystemId): void => {
    const isUnrecorded = this.truth.recordOf(host)?.systemId === undefined;
    this.checkers.created(host, systemId, isUnrecorded && this.truth.isBereft(host));
  };

  readonly started = (host: SimHost, as: StartAs): void => {
    this.checkers.started(host, as);
    if (as.kind === "primary") this.truth.startedAsPrimary(host);
    const epoch = this.truth.recordOf(host)?.epoch;
    if (epoch !== undefined) this.bounds.started(host, as, epoch);
  };

  readonly removed = (host: SimHost, data: SimFinishedData): void => this.truth.removed(host, data);

  readonly promoted = (host: SimHost): void => this.truth.promoted(host);

  readonly evidenceLost = (host: SimHost, evidence: SimEvidence): void =>
    this.truth.evidenceLost(host, evidence);
}
