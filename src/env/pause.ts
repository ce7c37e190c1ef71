import type { Bell } from "../std/bell.ts";
import type { Clock } from "./env.ts";

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
  over.abort();
}
