import type { Bell } from "../std/bell.ts";
import { onAbort } from "../std/on-abort.ts";
import type { Clock } from "./env.ts";

/** One for all: a reason of its own for each pause would cost a stack trace, and nobody reads it. */
const isOver = new Error("the pause is over");

/** Sleeps until the bell rings or `ms` have passed. Never rejects: when `signal` aborts, it just returns. */
export async function pause(
  clock: Clock,
  bell: Bell,
  ms: number,
  signal: AbortSignal,
): Promise<void> {
  if (signal.aborted) return;
  // Not AbortSignal.any: each one costs a weak reference on a signal that outlives thousands of pauses.
  const over = new AbortController();
  const forget = onAbort(signal, () => over.abort(isOver));
  const slept = clock.sleep(ms, over.signal).catch(() => undefined);
  await Promise.race([bell.rings(over.signal), slept]);
  forget();
  over.abort(isOver);
}
