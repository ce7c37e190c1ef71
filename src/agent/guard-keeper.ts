/** Keeps the Region's guard running: a guard that ends is started again. It is not stopped when the agent dies. */
import type { Clock, Log } from "../env/env.ts";
import type { Detached } from "../env/node/detached.ts";
import { Backoff } from "../std/backoff.ts";
import { onAbort } from "../std/on-abort.ts";

/** 100 ms after the first end: the leases go on, and only the agent itself fences meanwhile. */
const firstRestartMs = 100;
/** 5 s: a machine that cannot start a process is not helped by more tries. */
const restartMsMax = 5_000;
/** A guard that ran for 30 s ended for a new reason. */
const steadyMs = 30_000;

/**
 * Starts a guard and starts it again when it ends, until `signal` aborts; then kills it, and settles when it is gone.
 * @param start runs one; its settings are written by then.
 */
export async function keepGuard(
  start: () => Detached,
  { clock, log }: { readonly clock: Clock; readonly log: Log },
  signal: AbortSignal,
): Promise<void> {
  const backoff = new Backoff(firstRestartMs, restartMsMax);
  while (!signal.aborted) {
    const startedMs = clock.monotonicMs();
    const guard = start();
    const forget = onAbort(signal, guard.kill);
    const how = await guard.ended;
    forget();
    if (signal.aborted) return;
    if (clock.monotonicMs() - startedMs >= steadyMs) backoff.reset();
    const restartInMs = backoff.nextMs();
    log.warn("agent.guard-ended", { how, restartInMs });
    await clock.sleep(restartInMs, signal).catch(() => undefined);
  }
}
