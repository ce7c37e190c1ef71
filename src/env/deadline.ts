import { onAbort } from "../std/on-abort.ts";
import type { Clock } from "./env.ts";

export type Deadline = {
  readonly ms: number;
  /** What to throw when it has passed. */
  readonly expired: () => Error;
};

/** One for all: a stack trace for each would cost more than the rest, and nobody reads it. */
const hasEnded = new Error("the work has ended");

/**
 * Runs `work` until it settles, `deadline` passes or `signal` aborts, whichever is first; leaves no timer behind.
 * The signal that `work` gets aborts in each of the three cases, so that nothing it began goes on.
 */
export async function withDeadline<T>(
  clock: Clock,
  deadline: Deadline,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  signal.throwIfAborted();
  const over = new AbortController();
  const forget = onAbort(signal, () => over.abort(signal.reason));
  const ended = new Promise<never>((_, reject) => {
    onAbort(over.signal, () => reject(over.signal.reason as Error));
  });
  clock.sleep(deadline.ms, over.signal).then(
    () => over.abort(deadline.expired()),
    // The work was first.
    () => undefined,
  );
  try {
    return await Promise.race([work(over.signal), ended]);
  } finally {
    forget();
    ended.catch(() => undefined);
    over.abort(hasEnded);
  }
}
