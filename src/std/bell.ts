/**
 * Lets a loop sleep until something it cares about happens. A ring while nobody waits is remembered once,
 * so that a change between two looks is never missed. One waiter at a time.
 */
export class Bell {
  #rung = false;
  #wake: (() => void) | undefined;

  ring(): void {
    this.#rung = true;
    this.#wake?.();
  }

  /** Settles after the next ring, or at once when there was one since the last wait; also when `signal` aborts. */
  async rings(signal: AbortSignal): Promise<void> {
    if (!this.#rung && !signal.aborted) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        signal.addEventListener("abort", () => resolve(), { once: true, signal: this.#until() });
      });
    }
    this.#rung = false;
  }

  /** Aborts when the wait is over, which takes the listener off a signal that lives much longer. */
  #until(): AbortSignal {
    const over = new AbortController();
    const wake = this.#wake;
    this.#wake = () => {
      this.#wake = undefined;
      wake?.();
      over.abort();
    };
    return over.signal;
  }
}
