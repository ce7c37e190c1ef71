/** The disk under a data directory. A full one is a state that is reported, not a crash that is repeated. */
import { statfsSync } from "node:fs";
import { Failure } from "../model/failure.ts";

/**
 * 64 MiB: a start writes a WAL segment (16 MiB) and a checkpoint; below this it would panic half-way,
 * and again at each attempt.
 */
export const DISK_RESERVE_BYTES = 64 * 1024 * 1024;

/** One system call, so not worth a promise. @throws Failure `disk.full` unless `bytes` and the reserve are free. */
export function requireSpace(directory: string, bytes: number, reserveBytes: number): void {
  const free = spaceOn(directory);
  if (free >= bytes + reserveBytes) return;
  throw diskFull(
    directory,
    `needs ${megabytes(bytes + reserveBytes)}, free are ${megabytes(free)}`,
  );
}

/** What a user who is not root may still write there, in bytes; undefined when there is no such directory. */
export function freeBytes(directory: string): number | undefined {
  try {
    return spaceOn(directory);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

function spaceOn(directory: string): number {
  const { bavail, bsize } = statfsSync(directory);
  return bavail * bsize;
}

export function diskFull(directory: string, because: string, cause?: unknown): Failure {
  return new Failure("disk.full", `The disk of ${directory} is full: ${because}`, { cause });
}

/** Whether a thrown error says that there is no room: the disk's, or the user's quota on it. */
export function isDiskFull(error: unknown): boolean {
  const { code } = (error ?? {}) as { code?: unknown };
  return code === "ENOSPC" || code === "EDQUOT";
}

function megabytes(bytes: number): string {
  return `${Math.ceil(bytes / 1024 / 1024)} MiB`;
}
