/**
 * Writes the archive of a base backup as files. Everything is synchronous: it runs in a thread of its own, where
 * waiting for the disk is what slows the socket down, and no buffer can grow.
 */
import {
  chownSync,
  closeSync,
  fchownSync,
  fsyncSync,
  mkdirSync,
  openSync,
  writeSync,
  writevSync,
} from "node:fs";
import { dirname, join, normalize } from "node:path";
import type { User } from "./run-as.ts";
import type { TarEntry, TarSink } from "./tar-reader.ts";

/** How far a file has been written. Not yet on the disk: that is for whoever is told. */
export type WrittenFile = {
  readonly path: string;
  readonly size: number;
  readonly isWhole: boolean;
};

/** 8 MiB: the one who checks a large file runs close behind, where its pages are still in the processor's cache. */
const REPORT_BYTES = 8 * 1024 * 1024;

type OpenFile = { readonly fd: number; readonly path: string; size: number; reportedSize: number };

export class BackupWriter implements TarSink {
  readonly #directory: string;
  readonly #owner: User | undefined;
  readonly #onWritten: (file: WrittenFile) => void;
  readonly #directories = new Set<string>();
  #file: OpenFile | undefined;
  /** Bytes of the file that are still in the socket's buffer. */
  #pending: Uint8Array[] = [];

  /** @param onWritten called as a large file grows, and with each file when it is whole */
  constructor(directory: string, owner: User | undefined, onWritten: (file: WrittenFile) => void) {
    this.#directory = directory;
    this.#owner = owner;
    this.#onWritten = onWritten;
    this.#directories.add(".");
  }

  onEntry(entry: TarEntry): void {
    const path = safePath(entry.name);
    if (entry.kind === "directory") this.#makeDirectory(path);
    else if (entry.kind === "file") this.#openFile(path);
    else throw new Error(`the upstream sends ${path}, which is neither a file nor a directory`);
  }

  /** Kept as they are until the next `flush`. */
  onBytes(bytes: Uint8Array): void {
    if (this.#file) this.#pending.push(bytes);
  }

  /** Writes what has come, in one system call. */
  flush(): void {
    const file = this.#file;
    if (!file || this.#pending.length === 0) return;
    const pieces = this.#pending;
    this.#pending = [];
    file.size += writeAll(file.fd, pieces);
    if (file.size - file.reportedSize < REPORT_BYTES) return;
    file.reportedSize = file.size;
    this.#onWritten({ path: file.path, size: file.size, isWhole: false });
  }

  onEntryEnd(): void {
    this.flush();
    const file = this.#file;
    if (!file) return;
    this.#file = undefined;
    closeSync(file.fd);
    this.#onWritten({ path: file.path, size: file.size, isWhole: true });
  }

  /** Puts an empty file, which an upstream that is a standby has sent too, and every directory on the disk. */
  finish(emptyFile: string, onStep: () => void): void {
    const path = join(this.#directory, emptyFile);
    const fd = openSync(path, "w", 0o600);
    if (this.#owner) fchownSync(fd, this.#owner.uid, this.#owner.gid);
    fsyncSync(fd);
    closeSync(fd);
    for (const directory of this.#directories) {
      syncDirectory(join(this.#directory, directory));
      onStep();
    }
  }

  #openFile(path: string): void {
    const parent = dirname(path);
    if (!this.#directories.has(parent)) this.#makeDirectory(parent);
    const fd = openSync(join(this.#directory, path), "wx", 0o600);
    this.#file = { fd, path, size: 0, reportedSize: 0 };
    if (this.#owner) fchownSync(fd, this.#owner.uid, this.#owner.gid);
  }

  #makeDirectory(path: string): void {
    if (this.#directories.has(path)) return;
    const absolute = join(this.#directory, path);
    mkdirSync(absolute, { recursive: true, mode: 0o700 });
    if (this.#owner) chownSync(absolute, this.#owner.uid, this.#owner.gid);
    this.#directories.add(path);
  }
}

/** Answers how many bytes that were. */
function writeAll(fd: number, pieces: readonly Uint8Array[]): number {
  const total = pieces.reduce((sum, { length }) => sum + length, 0);
  let written = writevSync(fd, pieces);
  if (written === total) return total;
  // The disk is full, and says so at the next attempt; or a signal came, and the next attempt goes on.
  for (let rest = Buffer.concat(pieces).subarray(written); rest.length > 0; ) {
    written = writeSync(fd, rest);
    rest = rest.subarray(written);
  }
  return total;
}

/** An upstream that is not what it seems must not write outside the data directory. @throws Error */
export function safePath(name: string): string {
  const path = normalize(name).replace(/\/$/, "");
  if (path.startsWith("/") || path === ".." || path.startsWith("../") || path.includes("\0")) {
    throw new Error(
      `the upstream sends a file outside the data directory: ${JSON.stringify(name)}`,
    );
  }
  return path;
}

function syncDirectory(path: string): void {
  const fd = openSync(path, "r");
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
