/** The yardstick of a clone: the same bytes, copied by the system's own program and put on the disk. */
import { execFileSync } from "node:child_process";
import { readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";

export type Transfer = { readonly bytes: number; readonly elapsedMs: number };

/** Copies `from` to `to`, which must not exist and is removed again. */
export function copyDirectory(from: string, to: string): Transfer {
  const bytes = sizeOf(from);
  const startedMs = performance.now();
  execFileSync("cp", ["-a", from, to]);
  execFileSync("sync", ["-f", to]);
  const elapsedMs = performance.now() - startedMs;
  rmSync(to, { recursive: true });
  return { bytes, elapsedMs };
}

/** What earlier work left to be written is not to be paid for by the next measurement. */
export function flushDisk(directory: string): void {
  execFileSync("sync", ["-f", directory]);
}

function sizeOf(directory: string): number {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
}

export function megabytesPerSecond({ bytes, elapsedMs }: Transfer): number {
  return bytes / 1e6 / (elapsedMs / 1000);
}
