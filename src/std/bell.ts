import { onAbort } from "./on-abort.ts";

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
        const wake = (): void => {
          this.#wake = undefined;
          forget();
          resolve();
        };
        const forget = onAbort(signal, wake);
        this.#wake = wake;
      });
    }
    this.#rung = false;
  }
}
