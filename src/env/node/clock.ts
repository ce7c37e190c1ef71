import { onAbort } from "../../std/on-abort.ts";
import type { Clock } from "../env.ts";

/** `setTimeout` counts in 31 bits and fires at once beyond: 24.8 days. Longer sleeps take several naps. */
const napMsMax = 2 ** 31 - 1;

/** The machine's own clocks. */
export const nodeClock: Clock = {
  monotonicMs: () => performance.now(),
  wallMs: () => Date.now(),
  sleep,
};

/**
 * Never settles early: a timer of Node may fire up to 1 ms before its time on `performance.now()`, and a
 * lease that is judged at that moment would still be alive.
 */
function sleep(ms: number, signal: AbortSignal): Promise<void> {
  const deadlineMs = performance.now() + ms;
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason as Error);
    const nap = (): NodeJS.Timeout =>
      setTimeout(wake, Math.min(Math.max(deadlineMs - performance.now(), 0), napMsMax));
    const wake = (): void => {
      if (performance.now() < deadlineMs) {
        timer = nap();
        return;
      }
      forget();
      resolve();
    };
    const stop = (): void => {
      clearTimeout(timer);
      reject(signal.reason as Error);
    };
    let timer = nap();
    const forget = onAbort(signal, stop);
  });
}
