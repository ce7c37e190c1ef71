/**
 * When the WAL had grown to where: the age of the oldest WAL that a secondary has not flushed, to within one
 * reading and never too young.
 */
import type { Lsn } from "../model/lsn.ts";

type Sample = { readonly lsn: Lsn; lastSeenMs: number };

/** One hour of readings a second; beyond that every other one is dropped, which halves the precision. */
const SAMPLES_MAX = 3600;

export class WalSamples {
  #samples: Sample[] = [];

  /** @param nowMs monotonic */
  add(lsn: Lsn, nowMs: number): void {
    const last = this.#samples.at(-1);
    if (last && lsn < last.lsn) this.#samples = [];
    if (last?.lsn === lsn) last.lastSeenMs = nowMs;
    else this.#samples.push({ lsn, lastSeenMs: nowMs });
    if (this.#samples.length > SAMPLES_MAX) {
      this.#samples = this.#samples.filter((_sample, index) => index % 2 === 0);
    }
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
