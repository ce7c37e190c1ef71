/**
 * A mean of what was measured lately: each new value counts for a part of it. One eighth, TCP's own choice for round
 * trips, forgets a single outlier within some ten values and follows a change within as many.
 */
const WEIGHT = 1 / 8;

export class RecentMean {
  #value: number | undefined;

  /** Undefined before anything was measured. */
  get value(): number | undefined {
    return this.#value;
  }

  add(measured: number, weight = WEIGHT): void {
    const value = this.#value ?? measured;
    this.#value = value + weight * (measured - value);
  }

  forget(): void {
    this.#value = undefined;
  }
}
