import type { State } from "./state.ts";

/** Somewhere to keep the states of checkouts. Either may fail; then the other is asked: `states.ts`. */
export interface StatePlace {
  /** Undefined: there is none, or it has expired. */
  find(id: string): Promise<State | undefined>;
  /** False, and nothing is kept: there is a newer one than `baseVersion`, which this one does not know of. */
  keep(id: string, state: State, baseVersion: number): Promise<boolean>;
}
