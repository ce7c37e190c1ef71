/**
 * What is under way to one endpoint. Not a `Set`: V8 links the tables of a set that changes for ever, one keeps the
 * next alive, and a fifth of the edge's time went into collecting requests that had long ended.
 */

/** A request, a stream or a connection that is under way. */
export type Live = {
  /** The list's own: where it stands; -1: in none. */
  place: number;
  /** Goes elsewhere, if that is harmless and its answer has not begun; stays otherwise. */
  moveOn(because: string): void;
  /** Ends it here. */
  abandon(because: string): void;
};

export class LiveList {
  readonly #all: Live[] = [];

  get size(): number {
    return this.#all.length;
  }

  add(live: Live): void {
    live.place = this.#all.push(live) - 1;
  }

  /** A no-op when it is not in the list. */
  remove(live: Live): void {
    const { place } = live;
    if (place < 0) return;
    live.place = -1;
    const last = this.#all.pop();
    if (last === undefined || last === live) return;
    this.#all[place] = last;
    last.place = place;
  }

  /** As it is now: whoever is told may leave the list. */
  snapshot(): readonly Live[] {
    return [...this.#all];
  }
}
