/** Reads the content of one message and believes none of its lengths. */
import { HEADER_BYTES } from "./message-types.ts";
import { WireError } from "./wire-error.ts";

export class FrameReader {
  readonly #bytes: Buffer;
  readonly #end: number;
  readonly #what: string;
  #at: number;

  /** `start` is where the message's type byte lies; `what` names the message in errors. */
  constructor(what: string, bytes: Buffer, start: number, end: number) {
    this.#what = what;
    this.#bytes = bytes;
    this.#at = start + HEADER_BYTES;
    this.#end = end;
    if (this.#at > end) this.#fail("it is shorter than its header");
  }

  /** Where the next value lies. */
  get at(): number {
    return this.#at;
  }

  get leftBytes(): number {
    return this.#end - this.#at;
  }

  byte(): number {
    const at = this.#take(1);
    return this.#bytes[at] ?? 0;
  }

  int16(): number {
    return this.#bytes.readInt16BE(this.#take(2));
  }

  int32(): number {
    return this.#bytes.readInt32BE(this.#take(4));
  }

  /** Object ids are unsigned. */
  uint32(): number {
    return this.#bytes.readUInt32BE(this.#take(4));
  }

  /** A number of things that follow, each at least `bytesEach` long: a lying one is found before memory is taken. */
  count(bytesEach: number): number {
    const count = this.int16() & 0xffff;
    if (count * bytesEach > this.leftBytes) this.#fail(`it announces ${count} values and ends`);
    return count;
  }

  /** A view, not a copy. */
  bytes(length: number): Buffer {
    const at = this.#take(length);
    return this.#bytes.subarray(at, at + length);
  }

  /** The rest, as a view. */
  rest(): Buffer {
    return this.bytes(this.leftBytes);
  }

  /** A text that ends with a zero, in UTF-8. */
  text(): string {
    const start = this.#at;
    return this.#bytes.toString("utf8", start, this.skipText());
  }

  /** The name of a statement or portal, byte for byte: two are equal exactly when their bytes are. */
  name(): string {
    const start = this.#at;
    const end = this.skipText();
    // Most are empty, and asking the runtime for an empty string costs as much as for another.
    return end === start ? "" : this.#bytes.toString("latin1", start, end);
  }

  /** Returns where the text's final zero lies. */
  skipText(): number {
    let end = this.#at;
    // Names are short; asking the runtime to search costs more than to look.
    const near = Math.min(this.#end, end + 64);
    while (end < near && this.#bytes[end] !== 0) end += 1;
    if (end === near) end = this.#bytes.indexOf(0, end);
    if (end < 0 || end >= this.#end) this.#fail("a text does not end");
    this.#at = end + 1;
    return end;
  }

  expectEnd(): void {
    if (this.#at !== this.#end) this.#fail(`${this.leftBytes} bytes are left over`);
  }

  #take(length: number): number {
    const at = this.#at;
    if (length < 0 || length > this.#end - at) this.#fail("it ends too early");
    this.#at = at + length;
    return at;
  }

  #fail(why: string): never {
    throw new WireError(`malformed ${this.#what} message: ${why}`);
  }
}
