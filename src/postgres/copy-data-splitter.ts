/**
 * Takes CopyData out of a server's stream and leaves everything else to `pg`, which would first put each message
 * together: for a gigabyte of backup that is a second copy of every byte. Here they are handed on as they lie in
 * the buffer that the system wrote them to, in pieces.
 *
 *   every message of the server:  type (1 byte)  length (4 bytes, counts itself)  content
 *   CopyData of a base backup:    'd'            length                           kind (1 byte)  bytes
 */
export interface CopyDataSink {
  /** A message begins; it is of this kind. */
  onMessage(kind: number): void;
  /** Bytes of the last message; only valid during the call. */
  onMessageBytes(bytes: Buffer): void;
  /** Whole or in pieces, the messages that are no CopyData; only valid during the call. */
  onOther(bytes: Buffer): void;
}

const COPY_DATA = 0x64;
const HEADER_BYTES = 5;

export class CopyDataSplitter {
  readonly #sink: CopyDataSink;
  /** A header that came in two pieces. */
  readonly #header = Buffer.alloc(HEADER_BYTES);
  #headerBytes = 0;
  /** What the present message still lacks. */
  #left = 0;
  #isCopyData = false;
  #isKindNext = false;

  constructor(sink: CopyDataSink) {
    this.#sink = sink;
  }

  /** @throws Error when this is not PostgreSQL's protocol, or what the sink throws */
  push(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.#left === 0) at = this.#readHeader(chunk, at);
      else if (this.#isKindNext) at = this.#readKind(chunk, at);
      else at = this.#readContent(chunk, at);
    }
  }

  #readHeader(chunk: Buffer, at: number): number {
    const length = Math.min(chunk.length - at, HEADER_BYTES - this.#headerBytes);
    chunk.copy(this.#header, this.#headerBytes, at, at + length);
    this.#headerBytes += length;
    if (this.#headerBytes === HEADER_BYTES) this.#beginMessage();
    return at + length;
  }

  #beginMessage(): void {
    this.#headerBytes = 0;
    const length = this.#header.readInt32BE(1);
    if (length < 4) throw new Error(`a message of the upstream has a length of ${length}`);
    this.#left = length - 4;
    this.#isCopyData = this.#header[0] === COPY_DATA;
    this.#isKindNext = this.#isCopyData;
    if (!this.#isCopyData) this.#sink.onOther(this.#header);
  }

  #readKind(chunk: Buffer, at: number): number {
    this.#isKindNext = false;
    this.#left -= 1;
    this.#sink.onMessage(chunk[at] ?? 0);
    return at + 1;
  }

  #readContent(chunk: Buffer, at: number): number {
    const end = Math.min(chunk.length, at + this.#left);
    this.#left -= end - at;
    const bytes = chunk.subarray(at, end);
    if (this.#isCopyData) this.#sink.onMessageBytes(bytes);
    else this.#sink.onOther(bytes);
    return end;
  }
}
