/** Processes by number and birth: numbers are used again, and a stranger must never be taken for one of ours. */
import { readFileSync } from "node:fs";

export type ProcessId = {
  readonly pid: number;
  /** When it started, in the kernel's ticks; empty where the system has no /proc. */
  readonly born: string;
};

/** Undefined when there is no such process. */
export function identify(pid: number): ProcessId | undefined {
  if (process.platform !== "linux") return exists(pid) ? { pid, born: "" } : undefined;
  const look = lookAt(pid);
  return look && { pid, born: look.born };
}

/** A zombie has ended. */
export function isAlive({ pid, born }: ProcessId): boolean {
  if (!exists(pid)) return false;
  if (process.platform !== "linux") return true;
  const now = lookAt(pid);
  return now !== undefined && now.born === born && !now.isZombie;
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

/** Field 22 of /proc/PID/stat is the start time; the name in field 2 may hold spaces and brackets. */
function lookAt(pid: number): { readonly born: string; readonly isZombie: boolean } | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return { born: fields[19] ?? "", isZombie: fields[0] === "Z" };
  } catch {
    return undefined;
  }
}
