import { closeSync, copyFileSync, openSync, statSync, truncateSync } from "node:fs";

/** 16 MiB, and one older file of the same size: the most that one program's log takes. */
const logMaxBytes = 16 * 1024 * 1024;

/** Opens a log for appending, to be handed to a child process. The caller closes it. */
export function openLog(path: string): number {
  boundLog(path);
  // 0600: a log may quote SQL of the application.
  return openSync(path, "a", 0o600);
}

export function closeLog(descriptor: number): void {
  closeSync(descriptor);
}

/**
 * Moves a log that has grown too large aside. The program goes on writing to the same file, which it has open
 * for appending: so it is copied and truncated, not renamed.
 */
export function boundLog(path: string): void {
  try {
    if (statSync(path).size <= logMaxBytes) return;
    copyFileSync(path, `${path}.1`);
    truncateSync(path);
  } catch {
    // It is not there yet, or the disk is full: a log never stops the program that writes it.
  }
}
