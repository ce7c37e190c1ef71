/**
 * Puts messages together from pieces of others, in memory that is used again for the next ones: what is put together
 * leaves for a server at once, and nobody keeps it.
 */

import { HEADER_BYTES } from "../wire/postgres/message-types.ts";

/** 64 KiB: most units have a hundred bytes. Larger ones get memory of their own. */
const keptBytes = 65_536;
/** Below that a loop is quicker than a call out of JavaScript. */
const shortBytes = 64;

export class Assembly {
  readonly #kept = Buffer.allocUnsafeSlow(keptBytes);
  #bytes = this.#kept;
  #length = 0;

  /** Forgets what was put together before. */
  begin(): void {
    this.#bytes = this.#kept;
    this.#length = 0;
  }

  get isEmpty(): boolean {
    return this.#length === 0;
  }

  /** The type and the length of a message with so much content. */
  header(type: number, contentBytes: number): void {
    this.#reserve(HEADER_BYTES);
    this.#bytes[this.#length] = type;
    this.#bytes.writeInt32BE(contentBytes + 4, this.#length + 1);
    this.#length += HEADER_BYTES;
  }

  byte(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#length] = value;
    this.#length += 1;
  }

  add(bytes: Buffer, start = 0, end = bytes.length): void {
    const size = end - start;
    this.#reserve(size);
    const into = this.#bytes;
    const to = this.#length;
    if (size > shortBytes) bytes.copy(into, to, start, end);
    else for (let at = 0; at < size; at += 1) into[to + at] = bytes[start + at] ?? 0;
    this.#length += size;
  }

  /** Everything since `begin`; good until the next one. A large one is not kept. */
  finish(): Buffer {
    const whole = this.#bytes.subarray(0, this.#length);
    this.begin();
    return whole;
  }

  #reserve(more: number): void {
    const needed = this.#length + more;
    if (needed <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, 2 * this.#bytes.length));
    this.#bytes.copy(larger, 0, 0, this.#length);
    this.#bytes = larger;
  }
}
