/** The server's own log. It is bounded, because a server that complains in a loop must not fill the disk. */
import { copyFile, open, rename, stat, truncate } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";

/** 16 MiB of the present and as much of the past: a week of an ordinary server, and nothing to a disk. */
export const LOG_BYTES_MAX = 16 * 1024 * 1024;

/** What a failure repeats of the log: the last words, not the story. */
const TAIL_BYTES = 4096;
const TAIL_LINES = 12;

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

/** How long it is now, for a later `logTail`. */
export async function sizeOf(path: string): Promise<number> {
  return stat(path).then(
    ({ size }) => size,
    () => 0,
  );
}

/** The last lines that were written after `fromByte`, joined for one message. */
export async function logTail(path: string, fromByte: number): Promise<string> {
  const file = await open(path, "r").catch(() => undefined);
  if (!file) return "";
  try {
    const { size } = await file.stat();
    const start = Math.max(size - TAIL_BYTES, fromByte <= size ? fromByte : 0);
    const { buffer, bytesRead } = await file.read(
      Buffer.alloc(size - start),
      0,
      size - start,
      start,
    );
    const lines = buffer.toString("utf8", 0, bytesRead).split("\n");
    return lines
      .filter((line) => line.trim() !== "")
      .slice(-TAIL_LINES)
      .join("; ");
  } finally {
    await file.close();
  }
}
