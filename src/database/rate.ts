import type { Clock } from "../env/env.ts";

/** 5 s: long enough to be steady, short enough to follow a link that was just slowed down. */
const windowMs = 5_000;

/** Bytes per second over the last few seconds, from a growing total. */
export class Rate {
  readonly #clock: Clock;
  readonly #samples: { readonly atMs: number; readonly total: number }[];

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#samples = [{ atMs: clock.monotonicMs(), total: 0 }];
  }

  /** Takes the new total and answers the rate. */
  note(total: number): number {
    const nowMs = this.#clock.monotonicMs();
    while (this.#samples.length > 1 && nowMs - (this.#samples[0]?.atMs ?? nowMs) > windowMs) {
      this.#samples.shift();
    }
    const first = this.#samples[0] ?? { atMs: nowMs, total };
    const last = this.#samples.at(-1);
    // 50 samples a window are plenty; a clone calls this for each of its thousands of pieces.
    if (last && nowMs - last.atMs > windowMs / 50) this.#samples.push({ atMs: nowMs, total });
    const elapsedMs = nowMs - first.atMs;
    return elapsedMs > 0 ? Math.round(((total - first.total) * 1000) / elapsedMs) : 0;
  }
}
