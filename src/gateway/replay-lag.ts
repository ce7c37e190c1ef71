/**
 * How long after this gateway has learnt of a position the local instance replays it. It judges from the positions that
 * sessions brought home and from looks at the instance, which are rare while nobody waits: what they said is trusted
 * for a second, and before and after that the answer is hope, because a try that fails costs little (decide-read.ts).
 */
import { RecentMean } from "./recent-mean.ts";

type Learnt = { readonly lsn: number; readonly atMs: number };

/** When they are full every other one is dropped: the further back it goes, the less exactly anybody needs to know. */
const LEARNT_MAX = 256;

/** Finer than replay can be waited for. */
const LEARNT_APART_MS = 1;

/** Positions that were passed between two looks further apart than this may have been passed at any time. */
const LOOKS_APART_MAX_MS = 20;

/** Longer lags all mean the same: not here. And one that was much longer must not be remembered for ever. */
const SAMPLE_MAX_MS = 1000;

/** After a stall, reads are local again within a few; to be wrong about that costs each of them little. */
const WEIGHT_OF_LESS = 1 / 2;

const TRUST_MS = 1000;

/** All times are monotonic, in ms. */
export class ReplayLag {
  /** Not replayed when last looked at, or learnt since; in rising order. */
  #learnt: Learnt[] = [];
  readonly #mean = new RecentMean();
  #seen: { readonly lsn: number; readonly atMs: number } | undefined;

  /** Somebody has a token with this position, and may soon read. */
  learnt(lsn: number, nowMs: number): void {
    if (this.#seen !== undefined && lsn <= this.#seen.lsn) return;
    const last = this.#learnt.at(-1);
    if (last && (lsn <= last.lsn || nowMs - last.atMs < LEARNT_APART_MS)) return;
    this.#learnt.push({ lsn, atMs: nowMs });
    if (this.#learnt.length > LEARNT_MAX) this.#learnt = this.#learnt.filter((_, n) => n % 2 === 0);
  }

  /** The instance has replayed this far. */
  seen(lsn: number, nowMs: number): void {
    const apartMs = nowMs - (this.#seen?.atMs ?? -Infinity);
    this.#seen = { lsn, atMs: nowMs };
    const passed = this.#indexBeyond(lsn);
    const newest = this.#learnt[passed - 1];
    if (!newest) return;
    this.#learnt.splice(0, passed);
    const sampleMs = Math.min(nowMs - newest.atMs, SAMPLE_MAX_MS);
    const meanMs = this.#mean.value ?? Infinity;
    if (sampleMs < meanMs) this.#mean.add(sampleMs, WEIGHT_OF_LESS);
    else if (apartMs <= LOOKS_APART_MAX_MS) this.#mean.add(sampleMs);
  }

  /** How long it will probably take from now on until the position has been replayed; 0 when nothing is known. */
  expectedWaitMs(lsn: number, nowMs: number): number {
    const seen = this.#seen;
    if (!seen || lsn <= seen.lsn || nowMs - seen.atMs > TRUST_MS) return 0;
    const meanMs = this.#mean.value ?? 0;
    const [oldest] = this.#learnt;
    const waitedMs = Math.max(0, oldest ? seen.atMs - oldest.atMs : 0);
    const learntAtMs = this.#learnt[this.#indexBeyond(lsn - 1)]?.atMs ?? nowMs;
    const remainingMs = Math.max(meanMs, waitedMs) - (nowMs - learntAtMs);
    // What has been away for long is expected to stay away for half as long again, whatever the mean says.
    const stillAwayMs = waitedMs / 2 - (nowMs - seen.atMs);
    return Math.max(0, remainingMs, stillAwayMs);
  }

  /** Positions of before cannot be compared with those to come. */
  forget(): void {
    this.#learnt = [];
    this.#seen = undefined;
    this.#mean.forget();
  }

  /** Of the first learnt position beyond `lsn`; the length when there is none. */
  #indexBeyond(lsn: number): number {
    let low = 0;
    let high = this.#learnt.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#learnt[middle]?.lsn ?? Infinity) <= lsn) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
