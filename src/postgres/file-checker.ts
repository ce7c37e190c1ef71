/**
 * The second thread of a clone: puts each file on the disk and sums it up as it can be read back, while the first
 * one receives the next. It gets paths, in order, then `undefined`, and answers once.
 */
import { closeSync, fdatasyncSync, openSync, readSync } from "node:fs";
import { join } from "node:path";
import { parentPort, workerData } from "node:worker_threads";
import { assert } from "../std/assert.ts";
import type { ReceivedFile } from "./backup-manifest.ts";
import { CloneCounters } from "./clone-order.ts";
import { crc32c, formatCrc32c } from "./crc32c.ts";

export type CheckOrder = { readonly directory: string; readonly counters: SharedArrayBuffer };

export type CheckAnswer =
  | { readonly kind: "checked"; readonly files: ReadonlyMap<string, ReceivedFile> }
  | { readonly kind: "failed"; readonly message: string; readonly code: string | undefined };

/** Large enough that a call costs nothing beside the sum, small enough for a processor's cache. */
const READ_BYTES = 256 * 1024;

assert(parentPort !== null, "files are checked in a worker thread");
const port = parentPort;
const order = workerData as CheckOrder;
const counters = new CloneCounters(order.counters);
const buffer = Buffer.allocUnsafe(READ_BYTES);
const files = new Map<string, ReceivedFile>();

function check(path: string): ReceivedFile {
  const fd = openSync(join(order.directory, path), "r");
  try {
    let crc = 0;
    let size = 0;
    for (;;) {
      const length = readSync(fd, buffer);
      if (length === 0) break;
      crc = crc32c(crc, buffer.subarray(0, length));
      size += length;
      counters.addStep();
    }
    fdatasyncSync(fd);
    counters.addStep();
    return { size, checksum: formatCrc32c(crc) };
  } finally {
    closeSync(fd);
  }
}

port.on("message", (path: string | undefined) => {
  try {
    if (path !== undefined) files.set(path, check(path));
    else port.postMessage({ kind: "checked", files } satisfies CheckAnswer);
  } catch (error) {
    const { message, code } = error as NodeJS.ErrnoException;
    port.postMessage({ kind: "failed", message, code } satisfies CheckAnswer);
  }
});
