/** How tests wait: for a condition, with a bound. */
import { setTimeout as sleep } from "node:timers/promises";

/** 50 ms between two looks: soon enough for a person, and light beside the servers of a world. */
const lookEveryMs = 50;

/**
 * The first answer of `look` that is not undefined or false. What it throws counts as not yet, and is told
 * when the bound has passed.
 */
export async function until<T>(
  what: string,
  boundMs: number,
  look: () => T | undefined | false | Promise<T | undefined | false>,
): Promise<T> {
  const deadlineMs = performance.now() + boundMs;
  let last: unknown;
  for (;;) {
    try {
      const found = await look();
      if (found !== undefined && found !== false) return found;
      last = undefined;
    } catch (error) {
      last = error;
    }
    if (performance.now() > deadlineMs) {
      throw new Error(`Not within ${boundMs} ms: ${what}`, { cause: last });
    }
    await sleep(lookEveryMs);
  }
}
