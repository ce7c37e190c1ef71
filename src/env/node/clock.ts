import { onAbort } from "../../std/on-abort.ts";
import type { Clock } from "../env.ts";

/** `setTimeout` counts in 31 bits and fires at once beyond: 24.8 days. Longer sleeps take several naps. */
const napMsMax = 2 ** 31 - 1;

/** The machine's own clocks. `monotonicMs` counts from the same moment in every process of the machine. */
export const nodeClock: Clock = {
  monotonicMs,
  wallMs: () => Date.now(),
  sleep,
};

/** Not `performance.now()`, which counts from the start of the process: a guard reads its agent's deadlines. */
function monotonicMs(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1e3 + nanoseconds / 1e6;
}

/**
 * Never settles early: a timer of Node may fire up to 1 ms before its time on the monotonic clock, and a
 * lease that is judged at that moment would still be alive. Naps are whole milliseconds, as timers are: one of 24.7 ms
 * would wake after 24 and sleep again.
 */
function sleep(ms: number, signal: AbortSignal): Promise<void> {
  const deadlineMs = monotonicMs() + ms;
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason as Error);
    const nap = (): NodeJS.Timeout =>
      setTimeout(wake, Math.min(Math.max(Math.ceil(deadlineMs - monotonicMs()), 0), napMsMax));
    const wake = (): void => {
      if (monotonicMs() < deadlineMs) {
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
