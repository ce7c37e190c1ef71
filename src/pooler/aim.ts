/** Where the names are to lead, since when, and where they led when PgBouncer was in step last. */
import { areSame, type Line } from "./line.ts";
import { movesOf, type Move } from "./news.ts";
import { wantedLines, type Place, type Writer } from "./wanted.ts";

export class Aim {
  readonly #place: Place;
  #writers: readonly Writer[] = [];
  #lines: readonly Line[];
  #settled: readonly Line[] | undefined;
  #sinceMs = 0;

  /** @param said what the file of an earlier run says; empty: there was none. */
  constructor(place: Place, said: readonly Line[]) {
    this.#place = place;
    this.#lines = said;
    this.#settled = said.length > 0 ? said : undefined;
  }

  get lines(): readonly Line[] {
    return this.#lines;
  }

  /** Counts from the next look on. */
  follow(writers: readonly Writer[]): void {
    this.#writers = writers;
  }

  look(nowMs: number): void {
    const lines = wantedLines(this.#place, this.#writers, this.#lines);
    if (areSame(lines, this.#lines)) return;
    this.#lines = lines;
    this.#sinceMs = nowMs;
  }

  /** PgBouncer is in step. Answers what has moved since it was so last, and for how long that has been wanted, in ms. */
  settle(nowMs: number): { readonly moves: readonly Move[]; readonly ms: number } {
    const moves = movesOf(this.#settled ?? this.#lines, this.#lines);
    this.#settled = this.#lines;
    return { moves, ms: nowMs - this.#sinceMs };
  }
}
