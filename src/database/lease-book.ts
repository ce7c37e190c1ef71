/**
 * When the right to accept writes was last given for each system, and so until when, at the very latest, anybody
 * may hold it. Agents count a lease from before they asked; this counts from when it was answered, which is later.
 *
 * A controller that starts does not know what the one before it answered a moment ago: every lease counts as given
 * at its start.
 */
import type { Clock } from "../env/env.ts";

export type LeaseTerms = {
  readonly ttlMs: number;
  /** What the writer's clock may be slower by in one lease, and the time until its last backend is gone. */
  readonly marginMs: number;
};

export class LeaseBook {
  readonly #clock: Clock;
  readonly #terms: LeaseTerms;
  readonly #startedAtMs: number;
  readonly #grantedAtMs = new Map<string, number>();

  constructor(clock: Clock, terms: LeaseTerms) {
    this.#clock = clock;
    this.#terms = terms;
    this.#startedAtMs = clock.monotonicMs();
  }

  /** To be called before the answer leaves that carries the lease. */
  granted(system: string): void {
    this.#grantedAtMs.set(system, this.#clock.monotonicMs());
  }

  /** Until nobody can hold the system's last lease any more, in ms; 0 when that is so. */
  leftMs(system: string): number {
    const grantedAtMs = this.#grantedAtMs.get(system) ?? this.#startedAtMs;
    const overAtMs = grantedAtMs + this.#terms.ttlMs + this.#terms.marginMs;
    return Math.max(0, overAtMs - this.#clock.monotonicMs());
  }
}
