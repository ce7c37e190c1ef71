/** Messages on TCP: each behind its length in two octets, however the bytes are cut or joined. */

/** Octets of the length before each message. */
export const lengthBytes = 2;

export class StreamMessages {
  readonly #sizeMax: number;
  #pending: Buffer = Buffer.alloc(0);

  /** @param sizeMax octets of one message; also the bound of what is kept here */
  constructor(sizeMax: number) {
    this.#sizeMax = sizeMax;
  }

  /** A message has begun and has not ended. */
  get isWithin(): boolean {
    return this.#pending.length > 0;
  }

  /**
   * Takes what has arrived, which is copied where it is kept, and gives each whole message to `take`, whose view is good
   * during the call alone. False: a message is announced that is longer than it may be, and nothing after it can be read.
   */
  feed(bytes: Buffer, take: (message: Buffer) => void): boolean {
    const all = this.#pending.length === 0 ? bytes : Buffer.concat([this.#pending, bytes]);
    let at = 0;
    while (all.length - at >= lengthBytes) {
      const size = all.readUInt16BE(at);
      if (size > this.#sizeMax) return false;
      const end = at + lengthBytes + size;
      if (end > all.length) break;
      take(all.subarray(at + lengthBytes, end));
      at = end;
    }
    this.#pending = Buffer.from(all.subarray(at));
    return true;
  }
}

/** `message` as it goes on the wire. */
export function framed(message: Buffer): Buffer {
  const out = Buffer.allocUnsafe(lengthBytes + message.length);
  out.writeUInt16BE(message.length, 0);
  message.copy(out, lengthBytes);
  return out;
}
