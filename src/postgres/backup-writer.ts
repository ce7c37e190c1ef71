/**
 * Writes the archive of a base backup as files, hashing as they pass. Everything is synchronous: it runs in a
 * thread of its own, where waiting for the disk is what slows the socket down, and no buffer can grow.
 */
import { createHash, type Hash } from "node:crypto";
import {
  chownSync,
  closeSync,
  fchownSync,
  fdatasyncSync,
  fsyncSync,
  mkdirSync,
  openSync,
  writeSync,
} from "node:fs";
import { dirname, join, normalize } from "node:path";
import type { ReceivedFile } from "./backup-manifest.ts";
import type { User } from "./run-as.ts";
import type { TarEntry, TarSink } from "./tar-reader.ts";

type OpenFile = { readonly fd: number; readonly path: string; readonly hash: Hash; size: number };

export class BackupWriter implements TarSink {
  readonly received = new Map<string, ReceivedFile>();
  readonly #directory: string;
  readonly #owner: User | undefined;
  readonly #directories = new Set<string>();
  /** Files of ours beside those of the upstream. */
  readonly #own = new Set<string>();
  #file: OpenFile | undefined;

  constructor(directory: string, owner: User | undefined) {
    this.#directory = directory;
    this.#owner = owner;
    this.#directories.add(".");
  }

  onEntry(entry: TarEntry): void {
    const path = safePath(entry.name);
    if (entry.kind === "directory") this.#makeDirectory(path);
    else if (entry.kind === "file") this.#openFile(path);
    else throw new Error(`the upstream sends ${path}, which is neither a file nor a directory`);
  }

  onBytes(bytes: Uint8Array): void {
    const file = this.#file;
    if (!file) return;
    for (let at = 0; at < bytes.length; ) at += writeSync(file.fd, bytes, at);
    file.hash.update(bytes);
    file.size += bytes.length;
  }

  onEntryEnd(): void {
    const file = this.#file;
    if (!file) return;
    this.#file = undefined;
    closeSync(file.fd);
    this.received.set(file.path, { size: file.size, sha256: file.hash.digest("hex") });
  }

  /** An empty file that the upstream did not send. */
  writeEmptyFile(path: string): void {
    this.#openFile(path);
    this.onEntryEnd();
    this.received.delete(path);
    this.#own.add(path);
  }

  /** Puts every file and directory on the disk. Calls `onStep` after each. */
  syncAll(onStep: () => void): void {
    for (const path of [...this.received.keys(), ...this.#own]) {
      syncPathSync(join(this.#directory, path), fdatasyncSync);
      onStep();
    }
    for (const path of this.#directories) {
      syncPathSync(join(this.#directory, path), fsyncSync);
      onStep();
    }
  }

  #openFile(path: string): void {
    const parent = dirname(path);
    if (!this.#directories.has(parent)) this.#makeDirectory(parent);
    const fd = openSync(join(this.#directory, path), "wx", 0o600);
    this.#file = { fd, path, hash: createHash("sha256"), size: 0 };
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

function syncPathSync(path: string, sync: (fd: number) => void): void {
  const fd = openSync(path, "r");
  try {
    sync(fd);
  } finally {
    closeSync(fd);
  }
}
