/** Builds one message. */

const BYTES_MIN = 128;

export class FrameWriter {
  #bytes: Buffer;
  /** 1, or 0 for the messages before a login, which have no type. */
  readonly #lengthAt: number;
  #at: number;

  constructor(type: number | undefined, contentBytes = 0) {
    this.#bytes = Buffer.allocUnsafe(Math.max(BYTES_MIN, contentBytes + 5));
    this.#lengthAt = type === undefined ? 0 : 1;
    if (type !== undefined) this.#bytes[0] = type;
    this.#at = this.#lengthAt + 4;
  }

  byte(value: number): this {
    this.#reserve(1);
    this.#bytes[this.#at] = value;
    this.#at += 1;
    return this;
  }

  /** Signed or unsigned. */
  int16(value: number): this {
    this.#reserve(2);
    this.#bytes.writeUInt16BE(value & 0xffff, this.#at);
    this.#at += 2;
    return this;
  }

  /** Signed or unsigned. */
  int32(value: number): this {
    this.#reserve(4);
    this.#bytes.writeUInt32BE(value >>> 0, this.#at);
    this.#at += 4;
    return this;
  }

  /** In UTF-8, with a final zero. */
  text(value: string): this {
    return this.#string(value, "utf8");
  }

  /** The name of a statement or portal as `FrameReader.name` reads it, with a final zero. */
  name(value: string): this {
    return this.#string(value, "latin1");
  }

  bytes(value: Buffer): this {
    this.#reserve(value.length);
    value.copy(this.#bytes, this.#at);
    this.#at += value.length;
    return this;
  }

  /** A length and the value; -1 for none, as PostgreSQL writes NULL. */
  value(value: Buffer | string | undefined): this {
    if (value === undefined) return this.int32(-1);
    const bytes = typeof value === "string" ? Buffer.from(value, "utf8") : value;
    return this.int32(bytes.length).bytes(bytes);
  }

  /** The whole message; the writer is of no use afterwards. */
  finish(): Buffer {
    this.#bytes.writeInt32BE(this.#at - this.#lengthAt, this.#lengthAt);
    return this.#bytes.subarray(0, this.#at);
  }

  #string(value: string, encoding: "utf8" | "latin1"): this {
    this.#reserve(Buffer.byteLength(value, encoding) + 1);
    this.#at += this.#bytes.write(value, this.#at, encoding);
    this.#bytes[this.#at] = 0;
    this.#at += 1;
    return this;
  }

  #reserve(bytes: number): void {
    const needed = this.#at + bytes;
    if (needed <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(needed, 2 * this.#bytes.length));
    this.#bytes.copy(larger, 0, 0, this.#at);
    this.#bytes = larger;
  }
}
