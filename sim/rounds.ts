import type { Clock } from "../src/env/env.ts";
import { assert } from "../src/std/assert.ts";

/** More than a burst of writes that outruns a whole watch history; no program of a simulated world comes near it. */
export const callsAtOnceMax = 10_000;

/**
 * Notices a program that goes round in circles: while it asks again without a pause, and is answered at once, simulated
 * time stands still, and the simulator would hang instead of saying so.
 */
export class Rounds {
  readonly #clock: Clock;
  readonly #door: string;
  #atMs = -Infinity;
  #calls = 0;

  /** `door`: what is asked, for whoever reads about it. */
  constructor(clock: Clock, door: string) {
    this.#clock = clock;
    this.#door = door;
  }

  /** To be called at each call. */
  count(): void {
    const nowMs = this.#clock.monotonicMs();
    this.#calls = nowMs === this.#atMs ? this.#calls + 1 : 1;
    this.#atMs = nowMs;
    assert(this.#calls <= callsAtOnceMax, `something asks ${this.#door} and goes round in circles`);
  }
}
