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
} from "node:fs";
import { dirname, join, normalize } from "node:path";
import type { User } from "./run-as.ts";
import type { TarEntry, TarSink } from "./tar-reader.ts";

type OpenFile = { readonly fd: number; readonly path: string };

export class BackupWriter implements TarSink {
  readonly #directory: string;
  readonly #owner: User | undefined;
  readonly #onFile: (path: string) => void;
  readonly #directories = new Set<string>();
  #file: OpenFile | undefined;

  /** @param onFile called with each file that is whole; it is not on the disk yet. */
  constructor(directory: string, owner: User | undefined, onFile: (path: string) => void) {
    this.#directory = directory;
    this.#owner = owner;
    this.#onFile = onFile;
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
  }

  onEntryEnd(): void {
    const file = this.#file;
    if (!file) return;
    this.#file = undefined;
    closeSync(file.fd);
    this.#onFile(file.path);
  }

  /** Puts an empty file, which the upstream did not send, and every directory on the disk. */
  finish(emptyFile: string, onStep: () => void): void {
    const path = join(this.#directory, emptyFile);
    const fd = openSync(path, "wx", 0o600);
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
    this.#file = { fd, path };
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

function syncDirectory(path: string): void {
  const fd = openSync(path, "r");
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
