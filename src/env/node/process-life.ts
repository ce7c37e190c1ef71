/** Processes that are no children of ours, by number. */
import { execFileSync } from "node:child_process";
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

/** `ps` reads the table of processes; longer on a loaded machine. */
const psMsMax = 5_000;

/**
 * What tells a process from a later one with the same number: when it started, in the words of the system. Undefined
 * when there is no such process.
 */
export function processBirth(pid: number): string | undefined {
  return process.platform === "linux" ? statOf(pid)?.[19] : startOf(pid);
}

function startOf(pid: number): string | undefined {
  try {
    const words = ["-o", "lstart=", "-p", `${pid}`];
    const text = execFileSync("ps", words, {
      encoding: "utf8",
      timeout: psMsMax,
      stdio: ["ignore", "pipe", "ignore"],
    });
    return text.trim() || undefined;
  } catch {
    return undefined;
  }
}

/**
 * The fields from the third on. The name in field 2 of /proc/PID/stat may hold spaces and brackets, and bytes that are no
 * UTF-8; but as that Node reads a file three times faster, and nobody wants the name.
 */
function statOf(pid: number): readonly string[] | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  } catch {
    return undefined;
  }
}

function isZombie(pid: number): boolean {
  return (statOf(pid)?.[0] ?? "Z") === "Z";
}
