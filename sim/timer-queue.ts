/** `order` tells timers of one moment apart: first set, first fired. */
export type Timer = { readonly atMs: number; readonly order: number; readonly fire: () => void };

/** Timers in the order in which they fire: a sorted array, fast enough for the thousands of a simulated world. */
export class TimerQueue {
  readonly #timers: Timer[] = [];

  add(timer: Timer): void {
    this.#timers.splice(this.#positionOf(timer), 0, timer);
  }

  /** No-op when it has fired. */
  remove(timer: Timer): void {
    const position = this.#positionOf(timer);
    if (this.#timers[position] === timer) this.#timers.splice(position, 1);
  }

  /** Takes out the first timer that is due by `endMs`. */
  takeUntil(endMs: number): Timer | undefined {
    const [first] = this.#timers;
    return first && first.atMs <= endMs ? this.#timers.shift() : undefined;
  }

  /** Where it stands, or would stand. */
  #positionOf({ atMs, order }: Timer): number {
    let low = 0;
    let high = this.#timers.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const other = this.#timers[middle] as Timer;
      if (other.atMs < atMs || (other.atMs === atMs && other.order < order)) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
