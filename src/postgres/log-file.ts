/** The server's own log. It is bounded, because a server that complains in a loop must not fill the disk. */
import { copyFile, open, rename, truncate } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { sizeOf } from "../env/node/log-end.ts";

/** 16 MiB of the present and as much of the past: a week of an ordinary server, and nothing to a disk. */
export const LOG_BYTES_MAX = 16 * 1024 * 1024;

/** Opens it for a server that is about to start, after setting an overlong one aside. The caller closes it. */
export async function openLog(path: string): Promise<FileHandle> {
  if ((await sizeOf(path)) > LOG_BYTES_MAX) await rename(path, `${path}.1`);
  return open(path, "a", 0o600);
}

/**
 * Bounds the log of a running server, which keeps its descriptor: the content is set aside and the file emptied.
 * A line that is written between the two is lost; that is the price of not being its logger.
 */
export async function boundLog(path: string): Promise<void> {
  if ((await sizeOf(path)) <= LOG_BYTES_MAX) return;
  await copyFile(path, `${path}.1`);
  await truncate(path);
}
