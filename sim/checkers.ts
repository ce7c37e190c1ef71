/**
 * What must never happen, and what must happen in the end. Checkers watch from outside, in true time, and record;
 * they never throw into the program. Rules: src/database/SPEC.md.
 */
import type { InstanceReport } from "../src/model/instance.ts";
import { formatInstance, type SystemId } from "../src/model/region.ts";
import type { StartAs } from "../src/postgres/postgres.ts";
import type { SimClock } from "./clock.ts";
import type { SimHost } from "./host.ts";

export type Violate = (what: string) => void;

/** What went wrong, with the true time of it. */
export class Violations {
  readonly said: string[] = [];
  readonly #clock: SimClock;

  constructor(clock: SimClock) {
    this.#clock = clock;
  }

  readonly add: Violate = (what) => {
    this.said.push(`at ${Math.round(this.#clock.monotonicMs())} ms: ${what}`);
  };
}

/** Creation, terms, and the end: the rules that need no history. */
export class Checkers {
  readonly #violate: Violate;
  readonly #systemOf: (host: SimHost) => string;
  readonly #memberOf: (host: SimHost) => string | undefined;
  readonly #hosts: () => readonly SimHost[];
  readonly #created = new Map<string, SystemId>();
  readonly #terms = new Map<string, number>();

  /** `systems` names the database system that a host belongs to. */
  constructor(
    violate: Violate,
    hosts: () => readonly SimHost[],
    systems: {
      readonly systemOf: (host: SimHost) => string;
      /** Undefined for one whose Region left, and may not have heard it. */
      readonly memberOf: (host: SimHost) => string | undefined;
    },
  ) {
    this.#violate = violate;
    this.#hosts = hosts;
    this.#systemOf = systems.systemOf;
    this.#memberOf = systems.memberOf;
  }

  /** `isMakeUp`: a disk fault took the first data before anybody had recorded them. */
  created(host: SimHost, systemId: SystemId, isMakeUp: boolean): void {
    const system = this.#systemOf(host);
    const known = this.#created.get(system);
    this.#created.set(system, systemId);
    if (known !== undefined && !isMakeUp)
      this.#violate(`${system} was created again (D1): first ${known}, then ${systemId}`);
  }

  started(host: SimHost, as: StartAs): void {
    if (as.kind !== "primary") return;
    const system = this.#memberOf(host);
    if (system === undefined) return;
    const primaries = this.#hosts().filter(
      (other) => other.isPrimary && !other.isPaused && this.#memberOf(other) === system,
    );
    if (primaries.length > 1)
      this.#violate(
        `${system} has two primaries: ${primaries.map(({ id }) => formatInstance(id)).join()}`,
      );
  }

  /** A term that somebody took, or obeyed and wrote down, or found at its start. */
  term(who: string, term: number): void {
    const highest = this.#terms.get(who) ?? 0;
    if (term < highest) this.#violate(`${who} went back from term ${highest} to ${term} (A2)`);
    this.#terms.set(who, Math.max(highest, term));
  }

  /** The store names a system id: it is the one that was created. */
  recorded(system: string, systemId: SystemId | undefined): void {
    const created = this.#created.get(system);
    if (systemId !== undefined && systemId !== created)
      this.#violate(
        `${system} is recorded as ${systemId}, but ${created ?? "nothing"} was created (D2)`,
      );
  }

  /** Asked after a long time without faults. */
  serves(host: SimHost, report: InstanceReport | undefined): void {
    if (report?.state.kind === "serving") return;
    const state = report ? JSON.stringify(report.state) : "not reported";
    this.#violate(`${formatInstance(host.id)} does not serve in the end: ${state}`);
  }
}
