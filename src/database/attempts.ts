/** How often a deed was tried, and when it may be tried again. */
import type { Clock } from "../env/env.ts";
import { Backoff } from "../std/backoff.ts";

/** 1 s, doubled up to 30 s: a clone that failed because of the link finds it mended soon, and floods nothing. */
const firstRetryMs = 1_000;
const maxRetryMs = 30_000;

type Attempt = { number: number; nextAtMs: number; readonly backoff: Backoff };

export class Attempts {
  readonly #clock: Clock;
  readonly #byDeed = new Map<string, Attempt>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The number of the attempt that is under way or comes next, from 1. */
  number(deed: string): number {
    return this.#of(deed).number;
  }

  mayTry(deed: string): boolean {
    return this.#clock.monotonicMs() >= this.#of(deed).nextAtMs;
  }

  /** The attempt ended; call it once for each. */
  settled(deed: string, outcome: "done" | "failed"): void {
    const attempt = this.#of(deed);
    attempt.number += 1;
    if (outcome === "done") attempt.backoff.reset();
    else attempt.nextAtMs = this.#clock.monotonicMs() + attempt.backoff.nextMs();
  }

  /** What begins with this is not tried any more. */
  forget(prefix: string): void {
    for (const deed of this.#byDeed.keys()) if (deed.startsWith(prefix)) this.#byDeed.delete(deed);
  }

  #of(deed: string): Attempt {
    const known = this.#byDeed.get(deed);
    if (known) return known;
    const backoff = new Backoff(firstRetryMs, maxRetryMs);
    const fresh = { number: 1, nextAtMs: -Infinity, backoff };
    this.#byDeed.set(deed, fresh);
    return fresh;
  }
}
