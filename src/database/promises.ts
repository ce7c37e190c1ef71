/**
 * This Region's promises to the writers of other Regions not to be promoted for a while. With the promises of all that
 * could be, a writer goes on when no controller answers. A promise is on disk before it is given, and counts in full
 * again after a restart, because nobody remembers how much of it was over (A16).
 *
 * Only a seal looks at them: a failover seals its target before the claim, and waits until the last promise is over.
 * A promotion does not: after a switchover the old writer has stopped by its own answer, so that what it was promised
 * is worth nothing any more, and after a failover the seal was there before. To wait again would only lengthen the pause.
 */
import type { Clock } from "../env/env.ts";
import type { DatabaseId, Epoch } from "../model/region.ts";
import type { PeerAnswer } from "../wire/agent-protocol.ts";
import type { Seal } from "./agent-state.ts";
import type { CommandJournal } from "./command-journal.ts";

/** 2 %: twice what the clocks of two machines may drift apart during a promise. */
const driftShare = 0.02;
/** 60 s: no lease is longer; a promise that asks for more is refused. */
const promiseMsMax = 60_000;

export type PromiseAsked = {
  readonly database: DatabaseId;
  readonly epoch: Epoch;
  readonly ttlMs: number;
};

type PromiseAnswer = Extract<PeerAnswer, { readonly kind: "promise" }>;

export class Promises {
  readonly #clock: Clock;
  readonly #journal: CommandJournal;
  /** Until when the last promise binds, on this agent's clock. */
  readonly #untilMs = new Map<string, number>();

  constructor(clock: Clock, journal: CommandJournal) {
    this.#clock = clock;
    this.#journal = journal;
    for (const [database, { ttlMs }] of Object.entries(journal.promises)) {
      this.#bind(database, ttlMs);
    }
  }

  /** Makes the promise, or says why not. */
  answer(asked: PromiseAsked): PromiseAnswer {
    const because = this.#objection(asked);
    if (because !== undefined) return { kind: "promise", isGiven: false, because };
    const { database, epoch, ttlMs } = asked;
    const noted = this.#journal.promises[database];
    // After a restart the one that is noted counts, if it is not shorter.
    const isCovered = noted?.epoch === epoch && noted.ttlMs >= ttlMs;
    if (!isCovered) {
      const longest = Math.max(ttlMs, noted?.ttlMs ?? 0);
      this.#journal.notePromise(database, epoch, longest);
    }
    this.#bind(database, ttlMs);
    return { kind: "promise", isGiven: true, because: "it is not promoted before that" };
  }

  /**
   * While the operation holds the database system, no promise for its epoch or less; settles when the last one that
   * was given is over.
   */
  async seal(database: DatabaseId, seal: Seal, signal: AbortSignal): Promise<void> {
    this.#journal.noteSealed(database, seal);
    for (;;) {
      const leftMs = (this.#untilMs.get(database) ?? -Infinity) - this.#clock.monotonicMs();
      if (leftMs <= 0) return;
      await this.#clock.sleep(leftMs, signal);
    }
  }

  #objection({ database, epoch, ttlMs }: PromiseAsked): string | undefined {
    const sealed = this.#journal.sealedEpoch(database);
    if (epoch <= sealed) return `it is sealed for epoch ${sealed}`;
    const known = this.#journal.epochOf(database);
    if (epoch < known) return `it knows epoch ${known}`;
    const own = this.#journal.assignment({ database, number: 1 });
    if (!own) return "it is no member of the database";
    // A Region that was detached writes under the epoch that it left with.
    if (own.role === "primary" && own.epoch >= epoch) return "it is the writer itself";
    return ttlMs > promiseMsMax ? `nobody is promised more than ${promiseMsMax} ms` : undefined;
  }

  #bind(database: string, ttlMs: number): void {
    const untilMs = this.#clock.monotonicMs() + ttlMs * (1 + driftShare);
    this.#untilMs.set(database, Math.max(untilMs, this.#untilMs.get(database) ?? -Infinity));
  }
}
