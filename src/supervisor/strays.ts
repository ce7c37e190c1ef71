/** Processes of a Region that lost their parent: only where a Region is no PID namespace. */
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { processesIn } from "../postgres/process-table.ts";

/**
 * Postmasters and backends by where they stand, the data directories below `regionDirectory`. The number in a
 * `postmaster.pid` is no proof: after a crash it may be a stranger's by now, and what is named here is killed.
 */
export function strayServers(regionDirectory: string): readonly number[] {
  return instancesIn(regionDirectory).flatMap((name) =>
    processesIn(join(regionDirectory, name, "data"))
      .filter(({ isForeign }) => !isForeign)
      .map(({ pid }) => pid),
  );
}

/**
 * Gateways, front doors and PgBouncers outlive the agent that started them. Their last word is the path of their
 * settings; the word before says that it is one of them, and not a person who reads that file.
 */
export function strayCompanions(settingsPath: string): readonly number[] {
  return commandLines()
    .filter(({ words }) => words.endsWith(` ${settingsPath}`))
    .filter(({ words }) => isCompanion(words.slice(0, -settingsPath.length - 1)))
    .map(({ pid }) => pid);
}

/** `node leeward.js internal front`, or the path of a PgBouncer, whatever it is called in full. */
function isCompanion(command: string): boolean {
  return / internal \S+$/.test(command) || /pgbouncer[^/]*$/.test(command);
}

type CommandLine = { readonly pid: number; readonly words: string };

function commandLines(): readonly CommandLine[] {
  if (process.platform !== "linux") return fromPs();
  const pids = readdirSync("/proc").filter((entry) => /^\d+$/.test(entry));
  return pids.map((pid) => ({ pid: Number(pid), words: wordsOf(pid) }));
}

/** None of one that has ended. */
function wordsOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").replace(/\0$/, "").replaceAll("\0", " ");
  } catch {
    return "";
  }
}

function fromPs(): readonly CommandLine[] {
  const rows = execFileSync("ps", ["-A", "-ww", "-o", "pid=,args="], { encoding: "utf8" });
  return rows.split("\n").flatMap((row) => {
    const [, pid, words] = /^\s*(\d+) (.*)$/.exec(row) ?? [];
    return pid === undefined || words === undefined ? [] : [{ pid: Number(pid), words }];
  });
}

/** None where there is no such directory: then nothing was ever started in it. */
function instancesIn(regionDirectory: string): readonly string[] {
  try {
    return readdirSync(regionDirectory);
  } catch {
    return [];
  }
}
