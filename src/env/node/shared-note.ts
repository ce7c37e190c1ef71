/**
 * A short text that one process rewrites often and others read whenever they like. It is written in place, by
 * one call and without fsync: a rename would cost the disk a journal entry each time, and a disk that is full
 * cannot refuse it. A reader that comes in the middle sees so by the checksum, and looks again.
 *
 * The file: `<bytes of the text> <crc32 of the text>\n<text>`, filled up with spaces to whole pages.
 */
import { closeSync, constants, openSync, readFileSync, writeSync } from "node:fs";
import { crc32 } from "node:zlib";
import { Failure } from "../../model/failure.ts";
import { assert } from "../../std/assert.ts";

/** What the kernel copies at a time. A text that fits takes one page for good. */
const pageBytes = 4_096;
/** 64 KiB: more is no note. */
const noteBytesMax = 16 * pageBytes;
/** A writer is in the middle for microseconds; a text that is still broken after so many looks stays so. */
const looksMax = 100;

export class SharedNote {
  readonly #path: string;
  #descriptor: number | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  /** For the one writer. @throws Failure `state.not-writable`, `disk.full` when the file has to grow for it */
  write(text: string): void {
    const note = encode(text);
    try {
      // Not "w", which would make it empty for a moment.
      this.#descriptor ??= openSync(this.#path, constants.O_RDWR | constants.O_CREAT, 0o600);
      const written = writeSync(this.#descriptor, note, 0, note.length, 0);
      if (written === note.length) return;
    } catch (cause) {
      const code = (cause as NodeJS.ErrnoException).code === "ENOSPC" ? "disk.full" : undefined;
      throw new Failure(code ?? "state.not-writable", `Could not write ${this.#path}`, { cause });
    }
    throw new Failure("disk.full", `Could not write all of ${this.#path}`);
  }

  /** Undefined when there is no such file. @throws Failure `state.damaged`, `state.not-writable` when it cannot be read */
  read(): string | undefined {
    for (let look = 0; look < looksMax; look += 1) {
      const bytes = this.#bytes();
      if (bytes === undefined) return undefined;
      const text = decode(bytes);
      if (text !== undefined) return text;
    }
    throw new Failure("state.damaged", `${this.#path} does not hold what its checksum says`);
  }

  /** The writer's descriptor. The file stays. */
  close(): void {
    if (this.#descriptor !== undefined) closeSync(this.#descriptor);
    this.#descriptor = undefined;
  }

  #bytes(): Buffer | undefined {
    try {
      return readFileSync(this.#path);
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === "ENOENT") return undefined;
      throw new Failure("state.not-writable", `Could not read ${this.#path}`, { cause });
    }
  }
}

function encode(text: string): Buffer {
  const body = Buffer.from(text);
  const head = Buffer.from(`${body.length} ${crc32(body)}\n`);
  const bytes = head.length + body.length;
  assert(bytes <= noteBytesMax, `a note is short, and this one has ${bytes} bytes`);
  const note = Buffer.alloc(Math.ceil(bytes / pageBytes) * pageBytes, " ");
  head.copy(note);
  body.copy(note, head.length);
  return note;
}

/** Undefined when the checksum is not that of the text. */
function decode(note: Buffer): string | undefined {
  const end = note.indexOf("\n");
  const [, bytes, sum] = /^(\d+) (\d+)$/.exec(note.toString("latin1", 0, Math.max(end, 0))) ?? [];
  if (bytes === undefined) return undefined;
  const body = note.subarray(end + 1, end + 1 + Number(bytes));
  if (body.length !== Number(bytes) || crc32(body) !== Number(sum)) return undefined;
  return body.toString("utf8");
}
