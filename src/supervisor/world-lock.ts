/**
 * One supervisor per state directory. The lock is a transaction on a small SQLite file that is never
 * committed: the operating system drops it with the process, also after SIGKILL, so it is never stale.
 */
import Database from "libsql";
import type { Files } from "../env/env.ts";

/** Releasing twice is releasing once. */
export type WorldLock = { release(): void };

/** Undefined when another supervisor holds it. */
export function acquireWorldLock(path: string): WorldLock | undefined {
  const database = new Database(path);
  try {
    database.pragma("busy_timeout = 0");
    database.exec("BEGIN EXCLUSIVE");
  } catch (error) {
    database.close();
    if (/locked|busy/i.test(String(error))) return undefined;
    throw error;
  }
  let isHeld = true;
  return {
    release: () => {
      if (isHeld) database.close();
      isHeld = false;
    },
  };
}

/** Whether a supervisor runs; a lock that nobody ever took is not made. */
export function isWorldLocked(files: Files, path: string): boolean {
  if (!files.exists(path)) return false;
  const lock = acquireWorldLock(path);
  lock?.release();
  return lock === undefined;
}
