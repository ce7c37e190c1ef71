/** Processes that are no children of ours, by number. */
import { execFileSync } from "node:child_process";
import { readProcessStat } from "./process-stat.ts";

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
  return process.platform !== "linux" || readProcessStat(pid)?.hasEnded === false;
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
  return process.platform === "linux" ? readProcessStat(pid)?.born : startOf(pid);
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
