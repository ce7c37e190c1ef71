/** Processes by number and birth: numbers are used again, and a stranger must never be taken for one of ours. */
import { readProcessStat } from "./process-stat.ts";

export type ProcessId = {
  readonly pid: number;
  /** When it started, in the kernel's ticks; empty where the system has no /proc. */
  readonly born: string;
};

/** Undefined when there is no such process. */
export function identify(pid: number): ProcessId | undefined {
  if (process.platform !== "linux") return exists(pid) ? { pid, born: "" } : undefined;
  const stat = readProcessStat(pid);
  return stat && { pid, born: stat.born };
}

/** A zombie has ended. */
export function isAlive({ pid, born }: ProcessId): boolean {
  if (!exists(pid)) return false;
  if (process.platform !== "linux") return true;
  const now = readProcessStat(pid);
  return now !== undefined && now.born === born && !now.hasEnded;
}

/** Also true of another user's, which we may not signal. */
function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
