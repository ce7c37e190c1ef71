import type { Bell } from "../std/bell.ts";
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
  const over = new AbortController();
  const either = AbortSignal.any([signal, over.signal]);
  const slept = clock.sleep(ms, either).catch(() => undefined);
  await Promise.race([bell.rings(either), slept]);
  over.abort(isOver);
}
