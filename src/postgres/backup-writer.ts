/**
 * Writes the archive of a base backup as files, and sums them up for the manifest. Writing is synchronous: it runs
 * in a thread of its own, where waiting for the disk is what slows the socket down, and no buffer can grow.
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
import type { ReceivedFile } from "./backup-manifest.ts";
import { crc32c, formatCrc32c } from "./crc32c.ts";
import type { FileSyncer } from "./file-syncer.ts";
import type { User } from "./run-as.ts";
import type { TarEntry, TarSink } from "./tar-reader.ts";

/** 64 MiB: a large file is on its way to the disk while it still arrives, and not all at once at its end. */
const SYNC_BYTES = 64 * 1024 * 1024;

type OpenFile = {
  readonly fd: number;
  readonly path: string;
  size: number;
  syncedSize: number;
  crc: number;
};

export class BackupWriter implements TarSink {
  readonly #directory: string;
  readonly #owner: User | undefined;
  readonly #syncer: FileSyncer;
  readonly #directories = new Set<string>();
  readonly #files = new Map<string, ReceivedFile>();
  #file: OpenFile | undefined;
  /** Bytes of the file that are still in the socket's buffer. */
  #pending: Uint8Array[] = [];

  constructor(directory: string, owner: User | undefined, syncer: FileSyncer) {
    this.#directory = directory;
    this.#owner = owner;
    this.#syncer = syncer;
    this.#directories.add(".");
  }

  /** Every file that is whole, with the sum of what was written. */
  get files(): ReadonlyMap<string, ReceivedFile> {
    return this.#files;
  }

  onEntry(entry: TarEntry): void {
    const path = safePath(entry.name);
    if (entry.kind === "directory") this.#makeDirectory(path);
    else if (entry.kind === "file") this.#openFile(path);
    else throw new Error(`the upstream sends ${path}, which is neither a file nor a directory`);
  }

  /** Kept as they are until the next `flush`. Summed up at once, while they are in the processor's cache. */
  onBytes(bytes: Uint8Array): void {
    const file = this.#file;
    if (!file) return;
    file.crc = crc32c(file.crc, bytes);
    this.#pending.push(bytes);
  }

  /** Writes what has come, in one system call. */
  flush(): void {
    const file = this.#file;
    if (!file || this.#pending.length === 0) return;
    const pieces = this.#pending;
    this.#pending = [];
    file.size += writeAll(file.fd, pieces);
    if (file.size - file.syncedSize < SYNC_BYTES) return;
    file.syncedSize = file.size;
    this.#syncer.sync(file.path, undefined);
  }

  onEntryEnd(): void {
    this.flush();
    const file = this.#file;
    if (!file) return;
    this.#file = undefined;
    closeSync(file.fd);
    this.#files.set(file.path, { size: file.size, checksum: formatCrc32c(file.crc) });
    this.#syncer.sync(file.path, file.size);
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
    this.#file = { fd, path, size: 0, syncedSize: 0, crc: 0 };
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
