/** A tar archive, pushed in piece by piece and handed on without waiting: BASE_BACKUP's plain ustar, nothing more. */

export type TarEntry = {
  readonly name: string;
  readonly kind: "file" | "directory" | "other";
  readonly size: number;
};

/** Called in order; bytes are only valid during the call. */
export interface TarSink {
  onEntry(entry: TarEntry): void;
  /** Bytes of the last entry. */
  onBytes(bytes: Uint8Array): void;
  /** The last entry is whole. */
  onEntryEnd(): void;
}

const BLOCK = 512;

export class TarReader {
  readonly #sink: TarSink;
  /** A header that came in two pieces. */
  readonly #header = Buffer.alloc(BLOCK);
  #headerBytes = 0;
  /** What the present entry still lacks, and the padding behind it. */
  #contentLeft = 0;
  #paddingLeft = 0;
  #isInEntry = false;

  constructor(sink: TarSink) {
    this.#sink = sink;
  }

  /** True between entries: an archive that ends elsewhere was cut. */
  get isBetweenEntries(): boolean {
    return this.#headerBytes === 0 && !this.#isInEntry && this.#paddingLeft === 0;
  }

  /** @throws Error when the bytes are not a tar archive, or what the sink throws. */
  push(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length) {
      const left = chunk.length - at;
      if (this.#contentLeft > 0) {
        const length = Math.min(left, this.#contentLeft);
        this.#sink.onBytes(chunk.subarray(at, at + length));
        this.#contentLeft -= length;
        at += length;
        if (this.#contentLeft === 0) this.#endEntry();
      } else if (this.#paddingLeft > 0) {
        const length = Math.min(left, this.#paddingLeft);
        this.#paddingLeft -= length;
        at += length;
      } else {
        const length = Math.min(left, BLOCK - this.#headerBytes);
        chunk.copy(this.#header, this.#headerBytes, at, at + length);
        this.#headerBytes += length;
        at += length;
        if (this.#headerBytes === BLOCK) this.#beginEntry();
      }
    }
  }

  #beginEntry(): void {
    this.#headerBytes = 0;
    const entry = parseTarHeader(this.#header);
    if (!entry) return;
    this.#isInEntry = true;
    this.#contentLeft = entry.size;
    this.#paddingLeft = (BLOCK - (entry.size % BLOCK)) % BLOCK;
    this.#sink.onEntry(entry);
    if (entry.size === 0) this.#endEntry();
  }

  #endEntry(): void {
    this.#isInEntry = false;
    this.#sink.onEntryEnd();
  }
}

const kinds: Readonly<Record<string, TarEntry["kind"]>> = {
  "0": "file",
  "\0": "file",
  "5": "directory",
};

/** Undefined for the blocks of zeros that end an archive. @throws Error when the checksum is wrong. */
export function parseTarHeader(header: Buffer): TarEntry | undefined {
  let sum = 0;
  for (const byte of header) sum += byte;
  if (sum === 0) return undefined;
  // The checksum counts its own eight bytes as spaces.
  for (const byte of header.subarray(148, 156)) sum += 0x20 - byte;
  if (sum !== parseOctal(header.subarray(148, 156))) throw new Error("a tar header is damaged");
  const name = text(header.subarray(0, 100));
  const prefix = text(header.subarray(345, 500));
  return {
    name: prefix === "" ? name : `${prefix}/${name}`,
    kind: kinds[String.fromCharCode(header[156] ?? 0)] ?? "other",
    size: parseSize(header.subarray(124, 136)),
  };
}

/** Octal text, or from 8 GiB on a big-endian number behind a set first bit. */
function parseSize(field: Buffer): number {
  if (((field[0] ?? 0) & 0x80) === 0) return parseOctal(field);
  return Number(field.readBigUInt64BE(4));
}

function parseOctal(field: Buffer): number {
  const digits = text(field).trim();
  if (!/^[0-7]+$/.test(digits)) throw new Error("a tar header holds a number that is none");
  return Number.parseInt(digits, 8);
}

function text(field: Buffer): string {
  const end = field.indexOf(0);
  return field.toString("utf8", 0, end === -1 ? field.length : end);
}
