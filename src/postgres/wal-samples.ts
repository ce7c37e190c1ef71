/**
 * When the WAL had grown to where: the age of the oldest WAL that a secondary has not flushed, to within one
 * reading and never too young.
 */
import type { Lsn } from "../model/lsn.ts";

type Sample = { readonly lsn: Lsn; lastSeenMs: number };

/** One hour of readings a second. What is older is thinned out to the precision below, which a year fits into. */
const SAMPLES_MAX = 3600;

/** Gaps are at most twice this part of the age: an old age is known to a hundredth. */
const PRECISION = 1 / 250;

export class WalSamples {
  #samples: Sample[] = [];

  /** @param nowMs monotonic */
  add(lsn: Lsn, nowMs: number): void {
    const last = this.#samples.at(-1);
    if (last && lsn < last.lsn) this.#samples = [];
    if (last?.lsn === lsn) last.lastSeenMs = nowMs;
    else this.#samples.push({ lsn, lastSeenMs: nowMs });
    if (this.#samples.length > SAMPLES_MAX) this.#samples = thinned(this.#samples, nowMs);
  }

  /**
   * Undefined while nothing is known about so early a position.
   * @param nowMs monotonic
   */
  ageMsBeyond(position: Lsn, nowMs: number): number | undefined {
    const newest = this.#samples.at(-1);
    if (!newest) return undefined;
    if (newest.lsn <= position) return 0;
    const reached = this.#samples.findLast((sample) => sample.lsn <= position);
    return reached && nowMs - reached.lastSeenMs;
  }
}

function thinned(samples: readonly Sample[], nowMs: number): Sample[] {
  const kept: Sample[] = [];
  for (const sample of samples) {
    const gapMs = sample.lastSeenMs - (kept.at(-1)?.lastSeenMs ?? -Infinity);
    if (gapMs >= (nowMs - sample.lastSeenMs) * PRECISION) kept.push(sample);
  }
  return kept.slice(-SAMPLES_MAX);
}
