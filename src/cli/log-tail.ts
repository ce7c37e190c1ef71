/** The end of one log file, and what is added to it, also after it was set aside (`.1`) and begun anew. */
import { closeSync, fstatSync, openSync, readSync } from "node:fs";

/** 1 MiB from the end holds some 5000 lines; more than that nobody asks of a terminal. */
const tailBytesMax = 1024 * 1024;
/** 1 MiB at a time: what follows is read in the next turn. */
const readBytesMax = 1024 * 1024;

type Position = { readonly inode: number; readonly offset: number };

export class LogTail {
  readonly #path: string;
  #at: Position | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  /** The last lines of the file, at most `lines`; `news` goes on from there. */
  last(lines: number): readonly string[] {
    return withFile(this.#path, [], (file) => {
      const { size, ino } = fstatSync(file);
      const from = Math.max(0, size - tailBytesMax);
      const read = readLines(file, from, size);
      this.#at = { inode: ino, offset: read.end };
      // The first line was cut by where the reading began.
      const whole = from > 0 ? read.lines.slice(1) : read.lines;
      return lines === 0 ? [] : whole.slice(-lines);
    });
  }

  /** The lines that were added since the last look. */
  news(): readonly string[] {
    const known = this.#at;
    return withFile(this.#path, [], (file) => {
      const { size, ino } = fstatSync(file);
      const isSame = known !== undefined && known.inode === ino && size >= known.offset;
      const before = isSame || known === undefined ? [] : setAside(this.#path, known);
      const read = readLines(file, isSame ? known.offset : 0, size);
      this.#at = { inode: ino, offset: read.end };
      return [...before, ...read.lines];
    });
  }
}

/** What was written between the last look and the moment in which the file was set aside. */
function setAside(path: string, known: Position): readonly string[] {
  return withFile(`${path}.1`, [], (file) => {
    return readLines(file, known.offset, fstatSync(file).size).lines;
  });
}

function withFile<T>(path: string, otherwise: T, work: (file: number) => T): T {
  let file: number;
  try {
    file = openSync(path, "r");
  } catch {
    return otherwise;
  }
  try {
    return work(file);
  } finally {
    closeSync(file);
  }
}

type Lines = {
  readonly lines: readonly string[] /** Where the next reading begins. */;
  readonly end: number;
};

/** Whole lines between the two places; the beginning of another is left for later. */
function readLines(file: number, from: number, to: number): Lines {
  const buffer = Buffer.alloc(Math.max(0, Math.min(to - from, readBytesMax)));
  const bytes = buffer.subarray(0, readSync(file, buffer, 0, buffer.length, from));
  const last = bytes.lastIndexOf("\n");
  // A line that is longer than a whole reading is shown in pieces.
  const length = last === -1 && bytes.length === readBytesMax ? bytes.length : last + 1;
  if (length === 0) return { lines: [], end: from };
  const text = bytes.toString("utf8", 0, length);
  return { lines: text.replace(/\n$/, "").split("\n"), end: from + length };
}
