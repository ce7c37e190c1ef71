import { setMaxListeners } from "node:events";

/**
 * Calls `react` once when `signal` aborts; the answer takes it back. Not for one that has aborted
 * already: look first. Every wait that ends must take it back: the
 * signal of a role outlives thousands of waits. Because they do, many at once are no leak, and the warning
 * that Node gives at eleven is switched off for the signal.
 */
export function onAbort(signal: AbortSignal, react: () => void): () => void {
  setMaxListeners(0, signal);
  signal.addEventListener("abort", react, { once: true });
  return () => signal.removeEventListener("abort", react);
}
