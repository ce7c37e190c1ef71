/**
 * The write gate of one database as its Region's gateway has it: a hold is put into the route that the gateway is told,
 * and settles with what the gateway says became of it. The gateway ends it by its own clock, whatever happens here.
 */
import type { HoldOutcome, HoldTerms, WriteGate } from "../engine/write-gate.ts";
import type { Clock } from "../env/env.ts";
import { pauseUntil } from "../env/pause-until.ts";
import type { DatabaseId, Epoch, RegionId } from "../model/region.ts";
import { Pulse } from "../std/pulse.ts";
import type { Hold } from "../wire/gateway-protocol.ts";

/** Half of a hold for open transactions to end, at most; the rest is for the writer to move. The gateway may give less. */
const drainShare = 0.5;
/** 1 s after that, a gateway that has not said what became of the hold is not waited for: it says so at once. */
const answerMsMax = 1_000;

export type GateDoors = {
  readonly clock: Clock;
  /** The gateway is to be told something else than before. */
  readonly changed: () => void;
  /** It is sure that no gateway runs here that could have a write in flight. */
  readonly isAbsent: () => boolean;
};

type Held = { readonly epoch: Epoch; readonly terms: Hold; outcome: HoldOutcome | undefined };

export class GatewayGate implements WriteGate {
  readonly #database: DatabaseId;
  readonly #doors: GateDoors;
  readonly #news = new Pulse();
  #epoch = 0 as Epoch;
  #held: Held | undefined;

  constructor(database: DatabaseId, doors: GateDoors) {
    this.#database = database;
    this.#doors = doors;
  }

  /** What the gateway is to be told with a route of `epoch`. A later epoch than that of the hold has ended it. */
  holdAt(epoch: Epoch): Hold | undefined {
    const held = this.#held;
    if (!held || held.epoch < epoch || this.#leftMs(held) <= 0) return undefined;
    return held.terms;
  }

  /** The gateway says so. An answer to another hold than the present one says nothing. */
  settle(id: string, outcome: HoldOutcome): void {
    if (this.#held?.terms.id !== id) return;
    this.#held.outcome ??= outcome;
    this.#news.beat();
  }

  /** A gateway came, or is gone. */
  look(): void {
    this.#news.beat();
  }

  async hold(
    epoch: Epoch,
    { withinMs, pins }: HoldTerms,
    signal: AbortSignal,
  ): Promise<HoldOutcome> {
    if (epoch < this.#epoch) return refused(`epoch ${epoch} is over`);
    const held = this.#begin(epoch, { withinMs, pins });
    const answerUntilMs = Math.min(held.terms.untilMs, held.terms.drainUntilMs + answerMsMax);
    try {
      while (this.#isOpen(held, answerUntilMs)) {
        await pauseUntil(this.#doors.clock, this.#news, answerUntilMs, signal);
        signal.throwIfAborted();
      }
    } catch (error) {
      this.#end(held);
      throw error;
    }
    const outcome = this.#outcomeOf(held);
    if (!outcome.isHeld) this.#end(held);
    return outcome;
  }

  release(epoch: Epoch, _writer: RegionId): void {
    if (epoch < this.#epoch) return;
    this.#epoch = epoch;
    if (this.#held) this.#end(this.#held);
  }

  #begin(epoch: Epoch, { withinMs, pins }: HoldTerms): Held {
    const nowMs = this.#doors.clock.monotonicMs();
    const terms: Hold = {
      // No two holds of a database begin in the same microsecond, also not those of two agents.
      id: `${this.#database}-${epoch}-${Math.floor(nowMs * 1e3)}`,
      untilMs: nowMs + withinMs,
      drainUntilMs: nowMs + withinMs * drainShare,
      pins,
    };
    const held = { epoch, terms, outcome: undefined };
    this.#epoch = epoch;
    this.#held = held;
    this.#news.beat();
    this.#doors.changed();
    return held;
  }

  #isOpen(held: Held, untilMs: number): boolean {
    const isUndecided = this.#held === held && held.outcome === undefined;
    return isUndecided && !this.#doors.isAbsent() && this.#doors.clock.monotonicMs() < untilMs;
  }

  #outcomeOf(held: Held): HoldOutcome {
    // A release, or another hold, came in between: this one is over.
    if (this.#held !== held) return refused("writes were let pass again meanwhile");
    if (this.#leftMs(held) <= 0) return refused("the hold was over before every write had ended");
    if (held.outcome) return held.outcome;
    if (this.#doors.isAbsent()) return { isHeld: true, because: "no gateway runs here" };
    return refused("its gateway did not say in time whether writes are held");
  }

  #end(held: Held): void {
    if (this.#held !== held) return;
    this.#held = undefined;
    this.#news.beat();
    this.#doors.changed();
  }

  #leftMs({ terms }: Held): number {
    return terms.untilMs - this.#doors.clock.monotonicMs();
  }
}

function refused(because: string): HoldOutcome {
  return { isHeld: false, because };
}
