import type { Clock } from "../env/env.ts";

/**
 * One wake-up at a time, at the earliest moment asked for since the last one. It may ring earlier than what
 * was asked last, never later; who is woken looks at the time. Nothing ticks while nothing is asked for.
 */
export class Alarm {
  readonly #clock: Clock;
  readonly #ring: () => void;
  #pending: { readonly atMs: number; readonly sleep: AbortController } | undefined;

  constructor(clock: Clock, ring: () => void) {
    this.#clock = clock;
    this.#ring = ring;
  }

  /** Rings at `atMs` of the monotonic clock, or before. */
  set(atMs: number): void {
    if (this.#pending && this.#pending.atMs <= atMs) return;
    this.stop();
    const mine = { atMs, sleep: new AbortController() };
    this.#pending = mine;
    const sleepMs = Math.max(atMs - this.#clock.monotonicMs(), 0);
    const ring = (): void => {
      if (this.#pending !== mine) return;
      this.#pending = undefined;
      this.#ring();
    };
    void this.#clock.sleep(sleepMs, mine.sleep.signal).then(ring, () => undefined);
  }

  stop(): void {
    this.#pending?.sleep.abort(stopped);
    this.#pending = undefined;
  }
}

// Made once: an error with its stack for each wake-up that was moved would cost more than the wake-up.
const stopped = new Error("the alarm was stopped");
