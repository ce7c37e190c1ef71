/**
 * When a server may be started again. One that ran for a while and ended is started at once; one that ends soon
 * after each start, or does not start at all, waits longer each time: a full disk must not become a crash loop.
 */
import type { Clock } from "../env/env.ts";
import { Backoff } from "../std/backoff.ts";

/** 0.5 s doubled up to 10 s: soon enough for a person who made room, too slow to keep a core busy. */
const firstRestartMs = 500;
const maxRestartMs = 10_000;
/** 30 s: longer than the longest pause, so that a server that fails at the same point each time never looks steady. */
const steadyAfterMs = 30_000;

export class RestartPace {
  readonly #clock: Clock;
  readonly #backoff = new Backoff(firstRestartMs, maxRestartMs);
  #startedAtMs: number | undefined;
  #nextAtMs = -Infinity;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  mayStart(): boolean {
    return this.#clock.monotonicMs() >= this.#nextAtMs;
  }

  started(): void {
    this.#startedAtMs = this.#clock.monotonicMs();
  }

  startFailed(): void {
    this.#startedAtMs = undefined;
    this.#wait();
  }

  /** The server ended, and nobody had asked for it. */
  ended(): void {
    const nowMs = this.#clock.monotonicMs();
    const wasSteady = nowMs - (this.#startedAtMs ?? nowMs) >= steadyAfterMs;
    this.#startedAtMs = undefined;
    if (wasSteady) this.#backoff.reset();
    else this.#wait();
  }

  #wait(): void {
    this.#nextAtMs = this.#clock.monotonicMs() + this.#backoff.nextMs();
  }
}
