/**
 * What a Region's gateway did in the last few seconds, from counts that only grow: rates for those who want numbers
 * per second, as dashboards for Aurora do.
 */
import type { DatabaseId } from "../model/region.ts";
import type { GatewayFacts } from "../wire/gateway-protocol.ts";

/** 10 s: steady enough to read, and short enough to see a switchover in. */
const windowMs = 10_000;
/** 1 s: reports come more often when something happens, and a window needs no more samples. */
const sampleEveryMs = 1_000;

type Counters = GatewayFacts["databases"][number];

/** Of one database. */
export type GatewayPace = {
  readonly now: Counters;
  /** What was counted within `overMs`. */
  readonly writes: number;
  readonly commits: number;
  readonly writeMs: number;
  readonly readWaits: number;
  readonly readWaitMs: number;
  /** 0 while there is only one sample. */
  readonly overMs: number;
};

type Sample = { readonly atMs: number; readonly facts: GatewayFacts };

export class GatewayWindow {
  #samples: Sample[] = [];
  #last: Sample | undefined;

  /** `atMs` on the monotonic clock of whoever asks. */
  note(facts: GatewayFacts | undefined, atMs: number): void {
    const isServing = facts?.state === "serving";
    if (!isServing || this.#hasRestarted(facts)) this.#samples = [];
    this.#last = isServing ? { atMs, facts } : undefined;
    if (!this.#last) return;
    const newest = this.#samples.at(-1);
    if (newest && atMs - newest.atMs < sampleEveryMs) return;
    this.#samples = [...this.#samples.filter((one) => atMs - one.atMs <= windowMs), this.#last];
  }

  /** Undefined when nothing is known of the database here. */
  pace(database: DatabaseId): GatewayPace | undefined {
    const now = this.#last && find(this.#last.facts, database);
    const [first] = this.#samples;
    const before = first && find(first.facts, database);
    if (!this.#last || !now || !first || !before) return undefined;
    return {
      now,
      writes: now.writes - before.writes,
      commits: now.commits - before.commits,
      writeMs: now.writeMs - before.writeMs,
      readWaits: now.readWaits - before.readWaits,
      readWaitMs: now.readWaitMs - before.readWaitMs,
      overMs: this.#last.atMs - first.atMs,
    };
  }

  /** A gateway that was started again counts from zero. */
  #hasRestarted(facts: GatewayFacts): boolean {
    return facts.databases.some((now) => {
      const before = this.#last && find(this.#last.facts, now.database);
      return (
        before !== undefined && (now.writes < before.writes || now.readWaits < before.readWaits)
      );
    });
  }
}

function find({ databases }: GatewayFacts, database: DatabaseId): Counters | undefined {
  return databases.find((one) => one.database === database);
}
