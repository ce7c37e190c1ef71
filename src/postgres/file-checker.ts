/**
 * The second thread of a clone: sums each file up as it can be read back, close behind the first one, which writes
 * it, and puts it on the disk. It is told how far each file is, in order, then `undefined`, and answers once.
 */
import { closeSync, fdatasync, openSync, readSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { parentPort, workerData } from "node:worker_threads";
import { assert } from "../std/assert.ts";
import type { ReceivedFile } from "./backup-manifest.ts";
import type { WrittenFile } from "./backup-writer.ts";
import { CloneCounters } from "./clone-order.ts";
import { crc32c, formatCrc32c } from "./crc32c.ts";

export type CheckOrder = { readonly directory: string; readonly counters: SharedArrayBuffer };

export type CheckAnswer =
  | { readonly kind: "checked"; readonly files: ReadonlyMap<string, ReceivedFile> }
  | { readonly kind: "failed"; readonly message: string; readonly code: string | undefined };

/** Large enough that a call costs nothing beside the sum, small enough for a processor's cache. */
const READ_BYTES = 256 * 1024;

/** 64 MiB: a large file is on its way to the disk while it still arrives, and not all at once at its end. */
const SYNC_BYTES = 64 * 1024 * 1024;

/**
 * Several at a time, because the disk commits many small files as fast as one. Not more: they occupy threads of
 * the pool that is shared with the agent, and one of its four stays free.
 */
const SYNCS_MAX = 3;

type OpenFile = {
  readonly fd: number;
  size: number;
  crc: number;
  syncedSize: number;
  /** Settles with the last sync that was begun. */
  synced: Promise<void>;
};

assert(parentPort !== null, "files are checked in a worker thread");
const port = parentPort;
const order = workerData as CheckOrder;
const counters = new CloneCounters(order.counters);
const buffer = Buffer.allocUnsafe(READ_BYTES);
const files = new Map<string, ReceivedFile>();
const syncs = new Set<Promise<void>>();
const toDisk = promisify(fdatasync);
let open: OpenFile | undefined;
let hasFailed = false;

async function follow({ path, size, isWhole }: WrittenFile): Promise<void> {
  open ??= openFile(path);
  const file = open;
  readOn(file, size);
  if (isWhole) {
    open = undefined;
    files.set(path, { size, checksum: formatCrc32c(file.crc) });
  }
  if (isWhole || size - file.syncedSize >= SYNC_BYTES) await sync(file, isWhole);
}

function openFile(path: string): OpenFile {
  const fd = openSync(join(order.directory, path), "r");
  return { fd, size: 0, crc: 0, syncedSize: 0, synced: Promise.resolve() };
}

function readOn(file: OpenFile, size: number): void {
  while (file.size < size) {
    const length = readSync(file.fd, buffer, 0, Math.min(READ_BYTES, size - file.size), file.size);
    if (length === 0) throw new Error(`a file of ${size} bytes ends after ${file.size}`);
    file.crc = crc32c(file.crc, buffer.subarray(0, length));
    file.size += length;
    counters.addStep();
  }
}

/** Settles when there is room for another one, not when it is done. */
async function sync(file: OpenFile, isLast: boolean): Promise<void> {
  file.syncedSize = file.size;
  file.synced = syncAfter(file.synced, file.fd, isLast);
  const syncing = file.synced.finally(() => syncs.delete(syncing));
  syncs.add(syncing);
  syncing.catch(fail);
  if (syncs.size >= SYNCS_MAX) await Promise.race(syncs);
}

/** One after the other, so that the last one may close the file. */
async function syncAfter(before: Promise<void>, fd: number, isLast: boolean): Promise<void> {
  await before;
  await toDisk(fd);
  counters.addStep();
  if (isLast) closeSync(fd);
}

function fail(error: unknown): void {
  if (hasFailed) return;
  hasFailed = true;
  const { message, code } = error as NodeJS.ErrnoException;
  port.postMessage({ kind: "failed", message, code } satisfies CheckAnswer);
}

async function finish(): Promise<void> {
  await Promise.all(syncs);
  port.postMessage({ kind: "checked", files } satisfies CheckAnswer);
}

let turn = Promise.resolve();
port.on("message", (file: WrittenFile | undefined) => {
  turn = turn.then(() => (file === undefined ? finish() : follow(file)));
  turn.catch(fail);
});
