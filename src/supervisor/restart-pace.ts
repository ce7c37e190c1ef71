/** How soon a program that died is started again: the same for every program of the world. */
import type { Clock } from "../env/env.ts";
import { Backoff } from "../std/backoff.ts";

/** 100 ms doubled up to 5 s: a killed program is back within a second, a broken one does not spin. */
const firstRestartMs = 100;
const maxRestartMs = 5_000;
/** A program that ran this long was healthy: its next restart is quick again. */
const healthyAfterMs = 10_000;

export class RestartPace {
  readonly #clock: Clock;
  readonly #backoff = new Backoff(firstRestartMs, maxRestartMs);
  #startedMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  started(): void {
    this.#startedMs = this.#clock.monotonicMs();
  }

  /** It has ended: how long to wait before it is started again, in ms. */
  nextMs(): number {
    if (this.#clock.monotonicMs() - this.#startedMs > healthyAfterMs) this.#backoff.reset();
    return this.#backoff.nextMs();
  }
}
