/** Listening where somebody else may listen yet. */
import type { Clock, Log } from "../env/env.ts";
import { formatAddress, type Address } from "../model/address.ts";
import { describeError, Failure } from "../model/failure.ts";
import { Backoff } from "../std/backoff.ts";

/** 500 ms: an agent that was killed a moment ago may still have it. */
const firstRetryMs = 500;
/** 10 s between tries at an address that somebody else keeps. */
const retryMsMax = 10_000;

/** Tries until `listen` succeeds or `signal` aborts. */
export async function listenUntilDone(
  address: Address,
  { clock, log }: { readonly clock: Clock; readonly log: Log },
  signal: AbortSignal,
  listen: () => Promise<void>,
): Promise<void> {
  const backoff = new Backoff(firstRetryMs, retryMsMax);
  while (!signal.aborted) {
    try {
      return await listen();
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof Failure)) throw error;
      const [at, retryInMs] = [formatAddress(address), backoff.nextMs()];
      log.warn("agent.address-not-served", { address: at, error: describeError(error), retryInMs });
      await clock.sleep(retryInMs, signal).catch(() => undefined);
    }
  }
}
