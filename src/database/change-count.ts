/** Counts changes of operations, for those who follow them: whoever has seen one waits for a higher one. */
import type { Clock } from "../env/env.ts";
import { pause } from "../env/pause.ts";
import { Bell } from "../std/bell.ts";

/** 1 s: a follower is rung for each change; the look in between is for one that went unheard. */
const lookMs = 1_000;

export class ChangeCount {
  readonly #clock: Clock;
  readonly #followers = new Set<Bell>();
  #changes = 1;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  note(): void {
    this.#changes += 1;
    for (const bell of this.#followers) bell.ring();
  }

  /** Settles with the newest number, once it is another than `after`; also when `signal` aborts. */
  async other(after: number, signal: AbortSignal): Promise<number> {
    const bell = new Bell();
    this.#followers.add(bell);
    try {
      while (this.#changes === after && !signal.aborted) {
        await pause(this.#clock, bell, lookMs, signal);
      }
    } finally {
      this.#followers.delete(bell);
    }
    return this.#changes;
  }
}
