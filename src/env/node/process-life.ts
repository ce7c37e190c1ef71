/** Processes that are no children of ours, by number. */
import { readFileSync } from "node:fs";

/**
 * Whether a process has this number. One that has ended and that nobody has reaped yet has none any more. Whoever looks
 * several times a second need not fear that the number has come to stand for another process.
 */
export function isProcessAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EPERM") return false;
  }
  return process.platform !== "linux" || !isZombie(pid);
}

/** SIGKILL; a no-op when it has ended. */
export function killProcess(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It ended by itself in between.
  }
}

/** The name in field 2 of /proc/PID/stat may hold spaces and brackets. */
function isZombie(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    return stat.slice(stat.lastIndexOf(")") + 2).startsWith("Z");
  } catch {
    return true;
  }
}
