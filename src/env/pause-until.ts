import { onAbort } from "../std/on-abort.ts";
import type { Pulse } from "../std/pulse.ts";
import type { Clock } from "./env.ts";

/** One for all: a reason of its own for each pause would cost a stack trace, and nobody reads it. */
const isOver = new Error("the pause is over");

/**
 * Sleeps until the next beat or until `untilMs` on the monotonic clock. Never rejects: when `signal` aborts, it just
 * returns.
 */
export async function pauseUntil(
  clock: Clock,
  pulse: Pulse,
  untilMs: number,
  signal: AbortSignal,
): Promise<void> {
  if (signal.aborted) return;
  const over = new AbortController();
  const forget = onAbort(signal, () => over.abort(isOver));
  const leftMs = Math.max(0, untilMs - clock.monotonicMs());
  const slept = clock.sleep(leftMs, over.signal).catch(() => undefined);
  await Promise.race([pulse.next(over.signal), slept]);
  forget();
  over.abort(isOver);
}
