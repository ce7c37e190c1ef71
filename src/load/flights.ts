/** How many requests are under way, and when the last of them is over. */
export class Flights {
  #open = 0;
  #whenNone: (() => void) | undefined;

  get open(): number {
    return this.#open;
  }

  begin(): void {
    this.#open += 1;
  }

  end(): void {
    this.#open -= 1;
    if (this.#open === 0) this.#whenNone?.();
  }

  /** For one who waits. Settles in the first moment without any. */
  none(): Promise<void> {
    if (this.#open === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#whenNone = resolve;
    });
  }
}
