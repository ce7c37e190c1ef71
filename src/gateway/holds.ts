/** Keeps something from being given away, until everybody who holds it has let go. */
export class Holds {
  #count = 0;
  #whenFree: (() => void) | undefined;

  /** Answers how to let go, once. */
  take(): () => void {
    this.#count += 1;
    return () => {
      this.#count -= 1;
      if (this.#count === 0) this.#whenFree?.();
    };
  }

  get isFree(): boolean {
    return this.#count === 0;
  }

  /** Calls at once, or as soon as nobody holds it. */
  whenFree(call: () => void): void {
    if (this.#count === 0) return call();
    this.#whenFree = () => {
      this.#whenFree = undefined;
      call();
    };
  }
}
