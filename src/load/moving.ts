/** The figures of the last seconds alone, for a live view. */
import { Group } from "./group.ts";

/** 5 s: long enough for a 99th percentile of some hundred requests, short enough to see a Region go. */
const secondsShown = 5;

export class Moving {
  readonly #slices = Array.from({ length: secondsShown + 1 }, () => ({
    second: -1,
    group: new Group(),
  }));

  /** Where to count what happens at `nowMs` of the run. */
  at(nowMs: number): Group {
    const second = Math.floor(nowMs / 1_000);
    const slice = this.#slices[second % this.#slices.length];
    if (slice === undefined) return new Group();
    if (slice.second !== second) {
      slice.second = second;
      slice.group.clear();
    }
    return slice.group;
  }

  /** Of the last whole seconds; `seconds` is how many there are of them yet. */
  recent(nowMs: number): { readonly group: Group; readonly seconds: number } {
    const present = Math.floor(nowMs / 1_000);
    const group = new Group();
    for (const slice of this.#slices) {
      const age = present - slice.second;
      if (slice.second >= 0 && age >= 1 && age <= secondsShown) group.add(slice.group);
    }
    return { group, seconds: Math.max(1, Math.min(present, secondsShown)) };
  }
}
