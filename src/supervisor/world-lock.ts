/**
 * One supervisor per state directory. The lock is a transaction on a small SQLite file that is never
 * committed: the operating system drops it with the process, also after SIGKILL, so it is never stale.
 */
import Database from "libsql";
import type { Files } from "../env/env.ts";

/**
 * 250 ms: a command that only looks whether a supervisor runs holds the lock for some microseconds, and must not
 * make a start believe that there is one.
 */
const acquireTimeoutMs = 250;

/** Releasing twice is releasing once. */
export type WorldLock = { release(): void };

/** Undefined when another supervisor holds it. Takes up to 250 ms, in which nothing else runs. */
export function acquireWorldLock(path: string): WorldLock | undefined {
  return tryLock(path, acquireTimeoutMs);
}

/** Whether a supervisor runs; a lock that nobody ever took is not made. */
export function isWorldLocked(files: Files, path: string): boolean {
  if (!files.exists(path)) return false;
  const lock = tryLock(path, 0);
  lock?.release();
  return lock === undefined;
}

function tryLock(path: string, busyTimeoutMs: number): WorldLock | undefined {
  const database = new Database(path);
  try {
    database.pragma(`busy_timeout = ${busyTimeoutMs}`);
    database.exec("BEGIN EXCLUSIVE");
  } catch (error) {
    database.close();
    if (/locked|busy/i.test(String(error))) return undefined;
    throw error;
  }
  let isHeld = true;
  return {
    release: () => {
      if (!isHeld) return;
      isHeld = false;
      // Closing alone lets go only when the garbage collector has found the connection's statements.
      database.exec("ROLLBACK");
      database.close();
    },
  };
}
