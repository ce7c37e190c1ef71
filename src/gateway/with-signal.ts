import { onAbort } from "../std/on-abort.ts";

/** What many wait for together, for one of them: it stops waiting when its own signal aborts, and the others do not. */
export async function withSignal<T>(shared: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  let forget = (): void => undefined;
  const ended = new Promise<never>((_, reject) => {
    forget = onAbort(signal, () => reject(signal.reason as Error));
  });
  try {
    return await Promise.race([shared, ended]);
  } finally {
    forget();
  }
}
