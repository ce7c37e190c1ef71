/** Bytes that many share, and nobody may take too many of. */
export class ByteBudget {
  readonly #max: number;
  #taken = 0;

  constructor(max: number) {
    this.#max = max;
  }

  get taken(): number {
    return this.#taken;
  }

  /** @param by more, or less when it is negative. False: there is no room, and nothing has changed. */
  change(by: number): boolean {
    if (by > 0 && this.#taken + by > this.#max) return false;
    this.#taken += by;
    return true;
  }
}
