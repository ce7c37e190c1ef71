/**
 * What a companion is told, and how it is heard: its question is answered as soon as there is something else for it than it
 * knows, at the latest after a while, and whoever asks lives.
 */
import type { Clock, Json } from "../env/env.ts";
import { pauseUntil } from "../env/pause-until.ts";
import { Pulse } from "../std/pulse.ts";
import type { Caller } from "./companion-keeper.ts";

export type CompanionNewsDoors = {
  readonly clock: Clock;
  /** What there is to be told now, as JSON. */
  readonly news: () => Json;
  /** An answer without news comes after this: so often the companion is heard. */
  readonly holdMs: number;
};

export class CompanionNews {
  readonly #doors: CompanionNewsDoors;
  readonly #changed = new Pulse();
  #version: number;
  #told = "";
  #isLeaving = false;
  #pid: number | undefined;
  #heardAtMs = -Infinity;
  #asking = 0;

  constructor(doors: CompanionNewsDoors) {
    this.#doors = doors;
    // No number of another agent's: a companion that it told something would wait here for something else.
    this.#version = Math.floor(doors.clock.monotonicMs() * 1e3) + 1;
  }

  /** Undefined before anybody asked. Whoever waits for an answer asks now. */
  get caller(): Caller | undefined {
    if (this.#pid === undefined) return undefined;
    const agoMs = this.#asking > 0 ? 0 : this.#doors.clock.monotonicMs() - this.#heardAtMs;
    return { pid: this.#pid, agoMs };
  }

  /** It is told to end. */
  get isLeaving(): boolean {
    return this.#isLeaving;
  }

  /** News may be something else than before. */
  changed(): void {
    this.#changed.beat();
  }

  leave(): void {
    this.#isLeaving = true;
    this.#changed.beat();
  }

  /** Notes who asks. Before anything that depends on it. */
  heard(pid: number): void {
    this.#pid = pid;
    this.#heardAtMs = this.#doors.clock.monotonicMs();
  }

  /** The news with their number, once that is another than `after`; also when the time is over, or `signal` aborts. */
  async answer(after: number, signal: AbortSignal): Promise<Json> {
    const { clock, holdMs } = this.#doors;
    this.#asking += 1;
    const untilMs = clock.monotonicMs() + holdMs;
    let answer = this.#numbered();
    while (this.#version === after && clock.monotonicMs() < untilMs && !signal.aborted) {
      await pauseUntil(clock, this.#changed, untilMs, signal);
      answer = this.#numbered();
    }
    this.#asking -= 1;
    this.#heardAtMs = clock.monotonicMs();
    return answer;
  }

  /** Under a new number when they are something else than before. */
  #numbered(): Json {
    const news = this.#doors.news();
    const told = JSON.stringify(news);
    if (told !== this.#told) this.#version += 1;
    this.#told = told;
    return { version: this.#version, ...(news as object) };
  }
}
