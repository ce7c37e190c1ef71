/** What is under way: it has left one end and has not arrived at the other. A heap by the time of arrival. */
import type { Parcel } from "./parcel.ts";

type Flight<Owner> = {
  readonly owner: Owner;
  readonly parcel: Parcel;
  readonly arrivesAtMs: number;
  /** Breaks ties, so that what left first arrives first. */
  readonly order: number;
};

export class Air<Owner> {
  #heap: Flight<Owner>[] = [];
  #order = 0;

  get nextAtMs(): number | undefined {
    return this.#heap[0]?.arrivesAtMs;
  }

  /** The caller keeps the order within a flow: `arrivesAtMs` never goes back from one of its parcels to the next. */
  push(owner: Owner, parcel: Parcel, arrivesAtMs: number): void {
    const flight = { owner, parcel, arrivesAtMs, order: this.#order++ };
    const heap = this.#heap;
    let at = heap.length;
    heap.push(flight);
    while (at > 0) {
      const up = (at - 1) >> 1;
      const parent = heap[up] as Flight<Owner>;
      if (isBefore(parent, flight)) break;
      heap[at] = parent;
      at = up;
    }
    heap[at] = flight;
  }

  /** Takes the next parcel that has arrived by `nowMs`; undefined when none has. */
  take(nowMs: number): Flight<Owner> | undefined {
    const first = this.#heap[0];
    if (!first || first.arrivesAtMs > nowMs) return undefined;
    const last = this.#heap.pop();
    if (last && last !== first) this.#sink(last);
    return first;
  }

  /** Nothing that is under way arrives before `untilMs`; the order stays. */
  postpone(untilMs: number): void {
    // A sorted array is a heap, and sorting keeps the order that the ties had.
    this.#heap = this.#heap
      .map((flight) => ({ ...flight, arrivesAtMs: Math.max(flight.arrivesAtMs, untilMs) }))
      .toSorted((one, other) => (isBefore(one, other) ? -1 : 1));
  }

  drop(owner: Owner): void {
    this.#heap = this.#heap
      .filter((flight) => flight.owner !== owner)
      .toSorted((one, other) => (isBefore(one, other) ? -1 : 1));
  }

  #sink(flight: Flight<Owner>): void {
    const heap = this.#heap;
    let at = 0;
    for (;;) {
      let down = 2 * at + 1;
      const left = heap[down];
      const right = heap[down + 1];
      if (!left) break;
      if (right && isBefore(right, left)) down += 1;
      const child = heap[down] as Flight<Owner>;
      if (isBefore(flight, child)) break;
      heap[at] = child;
      at = down;
    }
    heap[at] = flight;
  }
}

function isBefore<Owner>(one: Flight<Owner>, other: Flight<Owner>): boolean {
  return (
    one.arrivesAtMs < other.arrivesAtMs ||
    (one.arrivesAtMs === other.arrivesAtMs && one.order < other.order)
  );
}
