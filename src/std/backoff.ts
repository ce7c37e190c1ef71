/** Exponential back-off: `firstMs`, twice that, … up to `maxMs`; back to `firstMs` after a success. */
export class Backoff {
  readonly #firstMs: number;
  readonly #maxMs: number;
  #failures = 0;

  constructor(firstMs: number, maxMs: number) {
    this.#firstMs = firstMs;
    this.#maxMs = maxMs;
  }

  get failures(): number {
    return this.#failures;
  }

  /** How long to wait after one more failure, in ms. */
  nextMs(): number {
    const ms = Math.min(this.#maxMs, this.#firstMs * 2 ** this.#failures);
    this.#failures = Math.min(this.#failures + 1, 30);
    return ms;
  }

  reset(): void {
    this.#failures = 0;
  }
}
