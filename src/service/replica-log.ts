/**
 * What the replicas print. Each process has the file itself, opened to append, so that it can print on when its agent
 * is gone; so the file is bounded from outside: what is too long is set aside and emptied. What is printed between
 * those two is lost, and the file may grow past its bound by what is printed between two looks.
 */
import { closeSync, openSync, statSync } from "node:fs";
import { open, rename, rm, truncate, type FileHandle } from "node:fs/promises";

/** 10 MiB for the present, and for each of those set aside: hours of a service that says a line per request. */
export const logBytesMax = 10 * 1024 * 1024;
/** 2 old ones: one is whole when the present one is young. */
export const logsKept = 2;
/** 250 ms between two looks: a program that does nothing but print to memory was seen to print 1.2 GB in it. */
export const logLookMs = 250;
/** 25 ms while one was too long at the last look: it may go on like that. */
export const busyLogLookMs = 25;
/** 256 KiB at a time, so that copying holds little memory. */
const copyBytes = 256 * 1024;

/** The descriptor for a process that is about to start; the caller closes it. */
export function openLog(path: string): number {
  return openSync(path, "a", 0o600);
}

export function closeLog(descriptor: number): void {
  closeSync(descriptor);
}

/**
 * Bounds a log whose writers keep their descriptors. Keeps the last words of it, not all.
 * @returns whether it was too long.
 */
export async function boundLog(path: string, bytesMax = logBytesMax): Promise<boolean> {
  // At once: four times a second for each replica, the way through a thread and back is ten times as dear.
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  if (size <= bytesMax) return false;
  await rm(`${path}.${logsKept}`, { force: true });
  for (let old = logsKept - 1; old >= 1; old -= 1) {
    await rename(`${path}.${old}`, `${path}.${old + 1}`).catch(ignoreMissing);
  }
  await copyEnd(path, `${path}.1`, bytesMax);
  await truncate(path);
  return true;
}

/** Not the whole: what came since the last look may be very long, and a copy of it would never catch up. */
async function copyEnd(from: string, to: string, bytesMax: number): Promise<void> {
  const source = await open(from, "r");
  try {
    const target = await open(to, "w", 0o600);
    try {
      await copyBlocks(source, target, bytesMax);
    } finally {
      await target.close();
    }
  } finally {
    await source.close();
  }
}

async function copyBlocks(source: FileHandle, target: FileHandle, bytesMax: number): Promise<void> {
  const { size } = await source.stat();
  const block = Buffer.alloc(Math.min(copyBytes, bytesMax));
  for (let at = Math.max(0, size - bytesMax); at < size; ) {
    const { bytesRead } = await source.read(block, 0, Math.min(block.length, size - at), at);
    if (bytesRead === 0) return;
    await target.writeFile(block.subarray(0, bytesRead));
    at += bytesRead;
  }
}

function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== "ENOENT") throw error;
}
