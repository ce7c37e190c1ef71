/** A write gate in this very process, for whoever carries writes to a writer himself. */
import type { Clock } from "../env/env.ts";
import type { Epoch, RegionId } from "../model/region.ts";
import { Pulse } from "../std/pulse.ts";
import type { HoldOutcome, HoldTerms, WriteGate } from "./write-gate.ts";

/** 10,000 writes wait: far more than the connections of one writer, and a few MB. */
const waitingMax = 10_000;

/** To be called once, when the write has ended, however it ended. */
export type LeaveGate = () => void;

export class LocalGate implements WriteGate {
  readonly #clock: Clock;
  readonly #changed = new Pulse();
  #epoch = 0 as Epoch;
  #writer: RegionId | undefined;
  #heldUntilMs = -Infinity;
  #inFlight = 0;
  #waiting = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Where the last release said that the writer is; undefined before the first. */
  get writer(): RegionId | undefined {
    return this.#writer;
  }

  /** Waits while writes are held. Answers how to leave, or undefined when too many wait already. */
  async pass(signal: AbortSignal): Promise<LeaveGate | undefined> {
    if (this.#leftMs() > 0) {
      if (this.#waiting >= waitingMax) return undefined;
      this.#waiting += 1;
      try {
        while (this.#leftMs() > 0) await this.#change(this.#leftMs(), signal);
      } finally {
        this.#waiting -= 1;
      }
    }
    signal.throwIfAborted();
    this.#inFlight += 1;
    return this.#leaveOnce();
  }

  /** Nothing is pinned here. */
  async hold(epoch: Epoch, { withinMs }: HoldTerms, signal: AbortSignal): Promise<HoldOutcome> {
    if (epoch < this.#epoch) return refused(`epoch ${epoch} is over`);
    this.#epoch = epoch;
    const untilMs = this.#clock.monotonicMs() + withinMs;
    this.#heldUntilMs = untilMs;
    while (this.#inFlight > 0 && this.#heldUntilMs === untilMs && this.#leftMs() > 0) {
      await this.#change(this.#leftMs(), signal);
    }
    if (this.#heldUntilMs !== untilMs) return refused("writes were let pass again meanwhile");
    const isHeld = this.#inFlight === 0 && this.#leftMs() > 0;
    if (isHeld) return { isHeld, because: "no write is in flight" };
    return refused(`writes were in flight for longer than ${withinMs} ms`);
  }

  release(epoch: Epoch, writer: RegionId): void {
    if (epoch < this.#epoch) return;
    this.#epoch = epoch;
    this.#writer = writer;
    this.#heldUntilMs = -Infinity;
    this.#changed.beat();
  }

  #leftMs(): number {
    return this.#heldUntilMs - this.#clock.monotonicMs();
  }

  #leaveOnce(): LeaveGate {
    let hasLeft = false;
    return () => {
      if (hasLeft) return;
      hasLeft = true;
      this.#inFlight -= 1;
      this.#changed.beat();
    };
  }

  /** Settles at the next change, or after `ms`; rejects when `signal` aborts. */
  async #change(ms: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const over = new AbortController();
    const either = AbortSignal.any([signal, over.signal]);
    const slept = this.#clock.sleep(ms, either).catch(() => undefined);
    await Promise.race([this.#changed.next(either), slept]);
    over.abort();
    signal.throwIfAborted();
  }
}

function refused(because: string): HoldOutcome {
  return { isHeld: false, because };
}
