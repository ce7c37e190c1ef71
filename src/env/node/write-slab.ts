/**
 * Memory that writes leave from. Almost every write leaves within its call, so the same few bytes, warm in the
 * processor's cache, serve all sockets of the process. When some of a write has to wait, the whole memory goes with it
 * and new memory takes its place: what a slow reader still waits for is never written over.
 *
 * The copy is the price of that. Passing on the view that was just read would spare it, but that memory is bound to
 * every socket that reads into it, and cannot be taken away from thousands of them in time.
 */

/** 128 KiB: one read, and as much again for what goes ahead of it. */
const slabBytes = 128 * 1024;

export class WriteSlab {
  #memory = Buffer.allocUnsafeSlow(slabBytes);
  #used = 0;

  /** A copy of `bytes`; give it back with `release` or `leave`. */
  place(bytes: Buffer): Buffer {
    if (bytes.length > slabBytes) return Buffer.from(bytes);
    if (bytes.length > slabBytes - this.#used) this.#renew();
    const start = this.#used;
    this.#used += bytes.copy(this.#memory, start);
    return this.#memory.subarray(start, this.#used);
  }

  /** `placed` and `bytes` behind it as one, or undefined where the memory behind `placed` is not free. */
  extend(placed: Buffer, bytes: Buffer): Buffer | undefined {
    if (!this.#isLast(placed) || bytes.length > slabBytes - this.#used) return undefined;
    this.#used += bytes.copy(this.#memory, this.#used);
    return this.#memory.subarray(placed.byteOffset, this.#used);
  }

  /** Nobody looks at `placed` any more. Memory that is not the last one in use comes back with the next renewal. */
  release(placed: Buffer): void {
    if (this.#isLast(placed)) this.#used = placed.byteOffset;
  }

  /** Somebody will look at `placed` later: its memory is never used again here. */
  leave(placed: Buffer): void {
    if (placed.buffer === this.#memory.buffer) this.#renew();
  }

  #isLast(placed: Buffer): boolean {
    return (
      placed.buffer === this.#memory.buffer && placed.byteOffset + placed.length === this.#used
    );
  }

  #renew(): void {
    this.#memory = Buffer.allocUnsafeSlow(slabBytes);
    this.#used = 0;
  }
}
