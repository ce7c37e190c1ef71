import { onAbort } from "./on-abort.ts";

/**
 * Wakes everyone who waits for a change. It carries nothing and queues nothing: whoever wakes looks again at
 * what changed, so that a slow reader costs no memory.
 */
export class Pulse {
  readonly #waiting = new Set<() => void>();

  beat(): void {
    for (const wake of this.#waiting) wake();
  }

  /** Settles at the next beat, or as soon as `signal` aborts; never rejects. */
  next(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal.aborted) return resolve();
      const wake = (): void => {
        this.#waiting.delete(wake);
        forget();
        resolve();
      };
      this.#waiting.add(wake);
      const forget = onAbort(signal, wake);
    });
  }
}
