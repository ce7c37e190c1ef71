/**
 * The life of one simulated program. A program that is killed runs no `catch` and no `finally`: its clock never
 * wakes it again, its files take nothing more, its servers are its servers no longer.
 */
import type { Clock } from "../src/env/env.ts";

export class Life {
  #isAlive = true;
  /** Called when the program is killed: what resets its connections, and closes its files. */
  readonly #ends: (() => void)[] = [];

  get isAlive(): boolean {
    return this.#isAlive;
  }

  onEnd(end: () => void): void {
    this.#ends.push(end);
  }

  end(): void {
    if (!this.#isAlive) return;
    this.#isAlive = false;
    for (const end of this.#ends) end();
  }

  /** Passes on what a wait of this program answers; the wait of a dead program never ends. */
  async live<T>(waiting: Promise<T>): Promise<T> {
    try {
      return await waiting;
    } finally {
      if (!this.#isAlive) await new Promise(() => undefined);
    }
  }
}

/** A program's own clock, which stops for it when it dies. */
export class MortalClock implements Clock {
  readonly #clock: Clock;
  readonly #life: Life;

  constructor(clock: Clock, life: Life) {
    this.#clock = clock;
    this.#life = life;
  }

  monotonicMs(): number {
    return this.#clock.monotonicMs();
  }

  wallMs(): number {
    return this.#clock.wallMs();
  }

  sleep(ms: number, signal: AbortSignal): Promise<void> {
    return this.#life.live(this.#clock.sleep(ms, signal));
  }
}
