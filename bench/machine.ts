/** What a figure means depends on where it was measured. */
import { execFileSync } from "node:child_process";
import { cpus, loadavg, release, totalmem } from "node:os";
import { statfsSync } from "node:fs";

export type MachineFacts = {
  readonly at: string;
  readonly processor: string;
  readonly cores: number;
  readonly memoryMegabytes: number;
  readonly kernel: string;
  readonly node: string;
  /** Undefined where it takes no part. */
  readonly postgres: string | undefined;
  /** Runnable processes on average over the last minute, before the benchmark began. */
  readonly loadBefore: number;
  readonly disk: string;
};

export function machineFacts(postgres: string | undefined, directory: string): MachineFacts {
  return {
    at: new Date().toISOString(),
    processor: cpus()[0]?.model ?? "unknown",
    cores: cpus().length,
    memoryMegabytes: Math.round(totalmem() / 1024 / 1024),
    kernel: release(),
    node: process.version,
    postgres,
    loadBefore: loadavg()[0] ?? 0,
    disk: describeDisk(directory),
  };
}

export function renderFacts(facts: MachineFacts): string {
  const { cores, processor, memoryMegabytes, kernel, node, postgres, disk } = facts;
  const load = facts.loadBefore.toFixed(2);
  return [
    `${cores} cores (${processor}), ${memoryMegabytes} MiB, kernel ${kernel}, load ${load} before`,
    `Node ${node}, ${postgres === undefined ? "" : `PostgreSQL ${postgres}, `}${disk}`,
  ].join("\n");
}

export function freeBytes(directory: string): number {
  const { bavail, bsize } = statfsSync(directory);
  return bavail * bsize;
}

function describeDisk(directory: string): string {
  try {
    const [, row = ""] = execFileSync("df", ["-PT", directory], { encoding: "utf8" }).split("\n");
    const [device, kind] = row.split(/\s+/);
    return `${device ?? "?"} (${kind ?? "?"})`;
  } catch {
    return "unknown disk";
  }
}
