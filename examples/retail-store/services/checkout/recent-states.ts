/**
 * What this process kept last, wherever it kept it. A Redis that ends takes along the checkouts that people are in the
 * middle of; those that came through this process go on without typing an address again, and with the same key.
 */
import type { State } from "./state.ts";

/** 2,000 of some 2 kB: more than are under way at once at the rate that one process serves. */
const statesMax = 2_000;

export class RecentStates {
  readonly #states = new Map<string, State>();

  find(id: string): State | undefined {
    return this.#states.get(id);
  }

  /** The one that was kept the longest time ago makes room. */
  keep(id: string, state: State): void {
    this.#states.delete(id);
    this.#states.set(id, state);
    const [oldest] = this.#states.keys();
    if (this.#states.size > statesMax && oldest !== undefined) this.#states.delete(oldest);
  }
}
