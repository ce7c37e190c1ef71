/** A value that is asked for all the time and may be a little old. */
import { setTimeout as sleep } from "node:timers/promises";

export interface Held<T> {
  /** @throws what the last load threw, when there has never been a value */
  get(): Promise<T>;
}

export type HoldOptions = {
  /** How old a value may be without being loaded anew; counted from before it was asked for. */
  readonly freshMs: number;
  /** How long to wait for a new value while there is an old one: nobody waits for a database that is lost. */
  readonly waitMs: number;
};

/** Loads at most once at a time, and only when somebody asks. */
export function hold<T>(load: () => Promise<T>, { freshMs, waitMs }: HoldOptions): Held<T> {
  let kept: { readonly value: T; readonly askedMs: number } | undefined;
  let loading: Promise<T> | undefined;
  const reload = (): Promise<T> => {
    const askedMs = performance.now();
    loading ??= load()
      .then((value) => {
        kept = { value, askedMs };
        return value;
      })
      .finally(() => {
        loading = undefined;
      });
    return loading;
  };
  return {
    get: async () => {
      if (kept && performance.now() - kept.askedMs < freshMs) return kept.value;
      return kept ? await withinOr(waitMs, reload(), kept.value) : await reload();
    },
  };
}

/** What `wanted` gives, or `instead` when that fails or takes longer than `ms`. */
export async function withinOr<T>(ms: number, wanted: Promise<T>, instead: T): Promise<T> {
  const late = new AbortController();
  try {
    return await Promise.race([
      wanted.catch(() => instead),
      sleep(ms, instead, { signal: late.signal }).catch(() => instead),
    ]);
  } finally {
    late.abort();
  }
}
