/**
 * Finds the messages in a stream that comes in chunks cut anywhere. Every byte between a client and its server passes
 * here, in both directions, so it looks at headers alone, allocates nothing for a message that lies inside its chunk,
 * and copies only what a chunk leaves unfinished.
 *
 *   a message:  type (1 byte)  length (4 bytes, counts itself)  content
 *
 *   BETWEEN ──header whole──► deliver, or GATHER (of a kind that is wanted whole, to be continued)
 *      │                              └─► or SKIP (of another kind, to be continued)
 *      └─chunk ends in a header─► GATHER until its five bytes are there
 */
import { HEADER_BYTES } from "./message-types.ts";
import { WireError } from "./wire-error.ts";

export type FrameHandler = {
  /**
   * A whole message: its type byte lies at `start`, `end` is exclusive. `bytes` is the very chunk when the message lies
   * inside it, so that the caller can pass on neighbours as one slice. The view is good during the call only.
   */
  message(type: number, bytes: Buffer, start: number, end: number): void;
  /**
   * A piece of a message that is not wanted whole. Pieces of one message come in order and without another's between
   * them; the first begins with the whole header. `isBetweenFrames` of the scanner is true during the call for the last.
   */
  part(type: number, bytes: Buffer, start: number, end: number): void;
};

export type FrameLimits = {
  /** Types delivered whole; all others come in parts. */
  readonly whole: ReadonlySet<number>;
  /** Of a message that is delivered whole, header included. */
  readonly wholeBytesMax: number;
  /** What becomes of a larger one: the stream ends with a WireError, or it comes in parts as if it were not wanted whole. */
  readonly larger: "refuse" | "parts";
  /** Of any message, header included. */
  readonly frameBytesMax: number;
};

/** The first memory for something unfinished, in bytes: most messages that a chunk cuts fit. */
const GATHER_BYTES_MIN = 256;
/** What is kept of it for the next time, in bytes: an idle client costs no more than this. */
const GATHER_BYTES_KEPT = 1024;
const NOTHING = Buffer.alloc(0);

/** One for all scanners of a kind. */
const tables = new WeakMap<ReadonlySet<number>, Uint8Array>();

/** By type byte, 1 for those in `types`: an array costs less than a set in the hot path. */
function tableOf(types: ReadonlySet<number>): Uint8Array {
  const known = tables.get(types);
  if (known !== undefined) return known;
  const table = new Uint8Array(256);
  for (const type of types) table[type] = 1;
  tables.set(types, table);
  return table;
}

export class FrameScanner {
  readonly #isWhole: Uint8Array;
  readonly #limits: FrameLimits;
  /** The beginning of a message that the last chunk left unfinished. */
  #gathered = NOTHING;
  #gatheredBytes = 0;
  /** Size of the message that is gathered, header included; 0 while its header is unfinished. */
  #wantedBytes = 0;
  /** What a message that comes in parts still lacks. */
  #leftBytes = 0;
  #type = 0;

  constructor(limits: FrameLimits) {
    this.#limits = limits;
    this.#isWhole = tableOf(limits.whole);
  }

  /** The stream may end here without cutting a message. */
  get isBetweenFrames(): boolean {
    return this.#leftBytes === 0 && this.#gatheredBytes === 0;
  }

  /**
   * Takes the next chunk. The handler must not call it again from inside its events.
   * @throws WireError for a length below 4 or above a limit, before memory is taken for it, and whatever the handler
   *   throws; the scanner is of no use afterwards
   */
  feed(bytes: Buffer, handler: FrameHandler): void {
    let at = 0;
    if (this.#leftBytes > 0) at = this.#goOn(bytes, handler);
    else if (this.#gatheredBytes > 0) at = this.#gather(bytes, handler);
    const length = bytes.length;
    while (length - at >= HEADER_BYTES) {
      const type = bytes[at] ?? 0;
      const end = at + 1 + bytes.readInt32BE(at + 1);
      const isWhole = this.#isWanted(type, end - at);
      if (end > length) {
        if (isWhole) break;
        this.#type = type;
        this.#leftBytes = end - length;
        handler.part(type, bytes, at, length);
        return;
      }
      if (isWhole) handler.message(type, bytes, at, end);
      else handler.part(type, bytes, at, end);
      at = end;
    }
    if (at < length) this.#keep(bytes, at);
  }

  /** @throws WireError */
  #isWanted(type: number, frameBytes: number): boolean {
    if (frameBytes < HEADER_BYTES || frameBytes > this.#limits.frameBytesMax) {
      throw new WireError(
        `invalid message length: ${frameBytes - 1} bytes for type ${describeType(type)}`,
      );
    }
    if (this.#isWhole[type] === 0) return false;
    if (frameBytes <= this.#limits.wholeBytesMax) return true;
    if (this.#limits.larger === "parts") return false;
    throw new WireError(
      `a message of type ${describeType(type)} has ${frameBytes} bytes; at most ${this.#limits.wholeBytesMax} are accepted`,
    );
  }

  /** The next part of a message that began in an earlier chunk. Returns where it ends. */
  #goOn(bytes: Buffer, handler: FrameHandler): number {
    const end = Math.min(bytes.length, this.#leftBytes);
    this.#leftBytes -= end;
    if (end > 0) handler.part(this.#type, bytes, 0, end);
    return end;
  }

  /** Continues what an earlier chunk left unfinished. Returns where that ends in this one. */
  #gather(bytes: Buffer, handler: FrameHandler): number {
    let at = 0;
    if (this.#wantedBytes === 0) {
      at = Math.min(bytes.length, HEADER_BYTES - this.#gatheredBytes);
      this.#append(bytes, 0, at);
      if (this.#gatheredBytes < HEADER_BYTES) return at;
      const type = this.#gathered[0] ?? 0;
      const frameBytes = 1 + this.#gathered.readInt32BE(1);
      if (!this.#isWanted(type, frameBytes)) return at + this.#headerAlone(bytes, at, handler);
      this.#wantedBytes = frameBytes;
    }
    const end = Math.min(bytes.length, at + this.#wantedBytes - this.#gatheredBytes);
    this.#append(bytes, at, end);
    if (this.#gatheredBytes === this.#wantedBytes) this.#deliverGathered(handler);
    return end;
  }

  /** The header came in two chunks, and its message is not wanted whole. Returns how much of the rest is passed on. */
  #headerAlone(bytes: Buffer, at: number, handler: FrameHandler): number {
    const header = this.#gathered;
    this.#type = header[0] ?? 0;
    this.#leftBytes = header.readInt32BE(1) - 4;
    this.#gatheredBytes = 0;
    handler.part(this.#type, header, 0, HEADER_BYTES);
    const passed = Math.min(bytes.length - at, this.#leftBytes);
    this.#leftBytes -= passed;
    if (passed > 0) handler.part(this.#type, bytes, at, at + passed);
    return passed;
  }

  #deliverGathered(handler: FrameHandler): void {
    const gathered = this.#gathered;
    const end = this.#gatheredBytes;
    if (gathered.length > GATHER_BYTES_KEPT) this.#gathered = NOTHING;
    this.#gatheredBytes = 0;
    this.#wantedBytes = 0;
    handler.message(gathered[0] ?? 0, gathered, 0, end);
  }

  /** The chunk ends inside a header, or inside a message that is wanted whole. */
  #keep(bytes: Buffer, at: number): void {
    this.#append(bytes, at, bytes.length);
    if (this.#gatheredBytes >= HEADER_BYTES) this.#wantedBytes = 1 + bytes.readInt32BE(at + 1);
  }

  /** Memory grows with what has arrived, never with what a header claims. */
  #append(bytes: Buffer, start: number, end: number): void {
    const needed = this.#gatheredBytes + end - start;
    if (needed > this.#gathered.length) {
      const grown = Math.max(GATHER_BYTES_MIN, needed, 2 * this.#gathered.length);
      const larger = Buffer.allocUnsafeSlow(Math.min(grown, this.#limits.wholeBytesMax));
      this.#gathered.copy(larger, 0, 0, this.#gatheredBytes);
      this.#gathered = larger;
    }
    bytes.copy(this.#gathered, this.#gatheredBytes, start, end);
    this.#gatheredBytes = needed;
  }
}

function describeType(type: number): string {
  const isPrintable = type > 0x20 && type < 0x7f;
  return isPrintable ? `"${String.fromCharCode(type)}"` : `0x${type.toString(16)}`;
}
