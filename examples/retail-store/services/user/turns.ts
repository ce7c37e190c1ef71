/** At most so many at once; others wait in line, and the line has an end. */
import { Unavailable } from "../shared/refusal.ts";

export class Turns {
  readonly #atOnceMax: number;
  readonly #waitingMax: number;
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(bounds: { readonly atOnceMax: number; readonly waitingMax: number }) {
    this.#atOnceMax = bounds.atOnceMax;
    this.#waitingMax = bounds.waitingMax;
  }

  /** In the order of coming. @throws Unavailable when too many wait already */
  async take<T>(work: () => Promise<T>): Promise<T> {
    await this.#begin();
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      // Whoever is next takes this very place, so that nobody comes in between.
      if (next) next();
      else this.#running -= 1;
    }
  }

  #begin(): Promise<void> | undefined {
    if (this.#running < this.#atOnceMax) {
      this.#running += 1;
      return undefined;
    }
    if (this.#waiting.length >= this.#waitingMax) {
      throw new Unavailable("Too many people are logging in at the moment. Please try again.");
    }
    return new Promise((resolve) => this.#waiting.push(resolve));
  }
}
