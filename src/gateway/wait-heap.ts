/** Those who wait for positions of one timeline, the lowest first. Whoever gives up leaves from the middle. */
import { assert } from "../std/assert.ts";

/** `place` is the heap's own: where it stands, or -1. */
export type HeapEntry = { readonly lsn: number; place: number };

export class WaitHeap<E extends HeapEntry> {
  readonly #entries: E[] = [];

  get size(): number {
    return this.#entries.length;
  }

  get first(): E | undefined {
    return this.#entries[0];
  }

  add(entry: E): void {
    this.#put(this.#entries.length, entry);
    this.#rise(entry);
  }

  /** No-op when it is not there any more. */
  remove(entry: E): void {
    const { place } = entry;
    if (place < 0) return;
    entry.place = -1;
    const last = this.#entries.pop();
    assert(last !== undefined, "an entry with a place is in the heap");
    if (last === entry) return;
    this.#put(place, last);
    this.#rise(last);
    this.#sink(last);
  }

  #rise(entry: E): void {
    while (entry.place > 0) {
      const parent = this.#at((entry.place - 1) >> 1);
      if (parent.lsn <= entry.lsn) return;
      this.#swap(entry, parent);
    }
  }

  #sink(entry: E): void {
    for (;;) {
      const left = 2 * entry.place + 1;
      if (left >= this.#entries.length) return;
      const right = Math.min(left + 1, this.#entries.length - 1);
      const child = this.#at(this.#at(right).lsn < this.#at(left).lsn ? right : left);
      if (entry.lsn <= child.lsn) return;
      this.#swap(entry, child);
    }
  }

  #swap(a: E, b: E): void {
    const { place } = a;
    this.#put(b.place, a);
    this.#put(place, b);
  }

  #put(place: number, entry: E): void {
    entry.place = place;
    this.#entries[place] = entry;
  }

  #at(place: number): E {
    const entry = this.#entries[place];
    assert(entry !== undefined, "a place below the size is taken");
    return entry;
  }
}
