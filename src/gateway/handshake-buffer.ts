/** What has arrived during a login and is not understood yet. Small by nature, so it is simply put together. */
import { HEADER_BYTES } from "../wire/postgres/message-types.ts";
import { WireError } from "../wire/postgres/wire-error.ts";

export class HandshakeBuffer {
  #bytes = Buffer.alloc(0);

  /** A view of all there is. */
  get bytes(): Buffer {
    return this.#bytes;
  }

  append(bytes: Buffer): void {
    this.#bytes = Buffer.concat([this.#bytes, bytes]);
  }

  /** Takes the first `length` bytes out. */
  take(length: number): Buffer {
    const taken = this.#bytes.subarray(0, length);
    this.#bytes = this.#bytes.subarray(length);
    return taken;
  }

  /** Takes the next message with its header; undefined while it is incomplete. @throws WireError above `bytesMax` */
  takeMessage(bytesMax: number): Buffer | undefined {
    if (this.#bytes.length < HEADER_BYTES) return undefined;
    const length = this.#bytes.readInt32BE(1);
    if (length < 4 || length + 1 > bytesMax) {
      throw new WireError(`invalid length of a message during the login: ${length}`);
    }
    return this.#bytes.length > length ? this.take(length + 1) : undefined;
  }
}
