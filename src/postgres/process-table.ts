/**
 * Which processes stand in a data directory. PostgreSQL's postmaster and each of its children have it as their
 * working directory, which tells them from a stranger that a stale pid file happens to name.
 *
 * A Region may be a PID namespace whose /proc still shows the numbers of the outer one, so numbers from /proc
 * are translated, and a process of another namespace is called foreign: no signal of ours reaches it.
 */
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, readlinkSync, realpathSync } from "node:fs";

export type TableProcess = {
  /** In our own PID namespace; meaningless when foreign. */
  readonly pid: number;
  readonly isForeign: boolean;
  /** True as long as it lives and stands there; a zombie does not. */
  readonly isThere: () => boolean;
};

/** `lsof` reads the table of files of every process; seconds on a loaded Mac. */
const LSOF_TIMEOUT_MS = 10_000;

/** All processes whose working directory is `directory`; none when there is no such directory. */
export function processesIn(directory: string): readonly TableProcess[] {
  const path = attempt(() => realpathSync(directory));
  if (path === undefined) return [];
  return process.platform === "linux" ? linuxProcessesIn(path) : lsofProcessesIn(path);
}

function linuxProcessesIn(path: string): readonly TableProcess[] {
  const ownNamespace = attempt(() => readlinkSync("/proc/self/ns/pid"));
  const ownDepth = namespacePids("self").length;
  const found: TableProcess[] = [];
  for (const entry of readdirSync("/proc")) {
    if (!/^\d+$/.test(entry)) continue;
    const isThere = (): boolean => attempt(() => readlinkSync(`/proc/${entry}/cwd`)) === path;
    if (!isThere()) continue;
    const pid = namespacePids(entry)[ownDepth - 1];
    const namespace = attempt(() => readlinkSync(`/proc/${entry}/ns/pid`));
    // It may have ended between the two looks.
    if (!isThere()) continue;
    found.push({
      pid: pid ?? -1,
      isForeign: pid === undefined || namespace !== ownNamespace,
      isThere,
    });
  }
  return found;
}

/** The process's number in each namespace, from that of /proc inwards: `NSpid: 4711 12`. */
function namespacePids(entry: string): readonly number[] {
  const status = attempt(() => readFileSync(`/proc/${entry}/status`, "latin1")) ?? "";
  const line = /^NSpid:(.*)$/m.exec(status)?.[1] ?? "";
  return line.trim().split(/\s+/).map(Number);
}

function lsofProcessesIn(path: string): readonly TableProcess[] {
  const pids = (): readonly number[] => {
    const text = attempt(() =>
      execFileSync("lsof", ["-a", "-c", "postgres", "-d", "cwd", "-Fpn"], {
        encoding: "utf8",
        stdio: ["ignore", "pipe", "ignore"],
        timeout: LSOF_TIMEOUT_MS,
      }),
    );
    return parseLsof(text ?? "", path);
  };
  return pids().map((pid) => ({ pid, isForeign: false, isThere: () => isAlive(pid) }));
}

/** Reads `p123`, `fcwd`, `n/the/path` lines. */
export function parseLsof(text: string, path: string): readonly number[] {
  const found: number[] = [];
  let pid = 0;
  for (const line of text.split("\n")) {
    if (line.startsWith("p")) pid = Number(line.slice(1));
    if (line === `n${path}`) found.push(pid);
  }
  return found;
}

/** Whether a process of ours has this number. */
function isAlive(pid: number): boolean {
  return attempt(() => process.kill(pid, 0)) ?? false;
}

/** Sends a signal; a process that has ended is left alone. Only for numbers that `processesIn` has just seen. */
export function signalProcess(
  pid: number,
  name: "SIGINT" | "SIGQUIT" | "SIGKILL" | "SIGHUP",
): void {
  attempt(() => process.kill(pid, name));
}

/** Processes come and go while one looks: whatever cannot be read is not there. */
function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
