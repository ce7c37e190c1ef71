/** How long to wait before asking again what has just failed. */
import { setTimeout as sleep } from "node:timers/promises";

const firstMs = 250;
/** 5 s: what is back is used again soon, and what is away is not asked more often. */
const mostMs = 5_000;

/** 250 ms after the first failure in a row, twice as long after each, up to 5 s. Pure. */
export function backoffMs(failures: number): number {
  return Math.min(firstMs * 2 ** Math.max(failures - 1, 0), mostMs);
}

/** Ends early, and well, when `signal` does. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined);
}

/** What to say of an error that may be anything; nothing with a secret comes this way. */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { message, name } = error;
  const code = (error as { readonly code?: unknown }).code;
  return message || (typeof code === "string" ? code : name);
}
