/**
 * How long things took, in memory that does not grow: 64 buckets for each power of two of microseconds, so that a
 * bucket's middle is within 1/128 (0.8 %) of what was put into it.
 */

const bucketsPerPower = 64;
const powerBits = 6;

/** 2^27 µs are 134 s: no request is waited for that long. What is longer counts as that. */
const maxMicros = 2 ** 27 - 1;

const buckets = bucketsPerPower * (27 - powerBits + 1);

export class Histogram {
  readonly #counts = new Uint32Array(buckets);
  #count = 0;
  #maxMs = 0;

  get count(): number {
    return this.#count;
  }

  /** Exact. */
  get maxMs(): number {
    return this.#maxMs;
  }

  /** @param ms from 0 on */
  record(ms: number): void {
    const index = bucketOf(Math.min(maxMicros, Math.max(0, Math.round(ms * 1_000))));
    this.#counts[index] = (this.#counts[index] ?? 0) + 1;
    this.#count += 1;
    if (ms > this.#maxMs) this.#maxMs = ms;
  }

  add(other: Histogram): void {
    other.#counts.forEach((count, index) => {
      if (count > 0) this.#counts[index] = (this.#counts[index] ?? 0) + count;
    });
    this.#count += other.#count;
    this.#maxMs = Math.max(this.#maxMs, other.#maxMs);
  }

  clear(): void {
    this.#counts.fill(0);
    this.#count = 0;
    this.#maxMs = 0;
  }

  /**
   * The value that a `share` of all are not above, by the nearest rank; 0 when there is none.
   * @param share in (0, 1]
   */
  quantileMs(share: number): number {
    let left = Math.ceil(share * this.#count);
    if (left <= 0) return 0;
    for (let index = 0; index < buckets; index += 1) {
      left -= this.#counts[index] ?? 0;
      if (left <= 0) return Math.min(this.#maxMs, middleOf(index) / 1_000);
    }
    return this.#maxMs;
  }
}

function bucketOf(micros: number): number {
  if (micros < bucketsPerPower) return micros;
  const shift = 31 - Math.clz32(micros) - powerBits;
  return bucketsPerPower * shift + (micros >>> shift);
}

/** In microseconds. */
function middleOf(index: number): number {
  if (index < 2 * bucketsPerPower) return index;
  const shift = Math.floor(index / bucketsPerPower) - 1;
  const low = (index - bucketsPerPower * shift) * 2 ** shift;
  return low + (2 ** shift - 1) / 2;
}
