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

/** Bytes that are about to leave. */
export type SlabPiece = { readonly memory: Buffer; readonly start: number; end: number };

export class WriteSlab {
  #memory = Buffer.allocUnsafeSlow(slabBytes);
  #used = 0;

  /** A copy of `bytes`; give it back with `release` or `leave`. */
  place(bytes: Buffer): SlabPiece {
    const { length } = bytes;
    if (length > slabBytes) return { memory: Buffer.from(bytes), start: 0, end: length };
    if (length > slabBytes - this.#used) this.#renew();
    const start = this.#used;
    this.#memory.set(bytes, start);
    this.#used += length;
    return { memory: this.#memory, start, end: this.#used };
  }

  /** Puts `bytes` behind the piece. False: the memory there is not free. */
  extend(piece: SlabPiece, bytes: Buffer): boolean {
    if (!this.#isLast(piece) || bytes.length > slabBytes - this.#used) return false;
    this.#memory.set(bytes, this.#used);
    this.#used += bytes.length;
    piece.end = this.#used;
    return true;
  }

  /** Nobody looks at the piece any more. Memory that is not the last one in use comes back with the next renewal. */
  release(piece: SlabPiece): void {
    if (this.#isLast(piece)) this.#used = piece.start;
  }

  /** Somebody will look at the piece later: its memory is never used again here. */
  leave({ memory }: SlabPiece): void {
    if (memory === this.#memory) this.#renew();
  }

  #isLast({ memory, end }: SlabPiece): boolean {
    return memory === this.#memory && end === this.#used;
  }

  #renew(): void {
    this.#memory = Buffer.allocUnsafeSlow(slabBytes);
    this.#used = 0;
  }
}

export function viewOf({ memory, start, end }: SlabPiece): Buffer {
  return memory.subarray(start, end);
}
