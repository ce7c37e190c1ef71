/** Which processes descend from one, and whether they are gone. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import type { Clock } from "../env/env.ts";
import { identify, isAlive, type ProcessId } from "../env/node/process-id.ts";

/** 2 ms between looks at processes that are dying: the kernel needs some 20 ms for a Region. */
const pollMs = 2;

/** All descendants of `pid`, itself included. A snapshot: kill the parents first, or look again. */
export function descendantsOf(pid: number): readonly ProcessId[] {
  return process.platform === "linux" ? fromProc(pid) : fromPs(pid);
}

/** Settles when none of them lives any more. @throws the signal's reason when that takes too long. */
export async function allGone(
  processes: readonly ProcessId[],
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  while (processes.some(isAlive)) await clock.sleep(pollMs, signal);
}

/** Stops what `look` finds until it finds nothing new, and answers all of it. */
export function freeze(look: () => readonly ProcessId[]): readonly ProcessId[] {
  const frozen = new Map<number, ProcessId>();
  for (;;) {
    const fresh = look().filter(({ pid }) => !frozen.has(pid));
    if (fresh.length === 0) return [...frozen.values()];
    signalAll(fresh, "SIGSTOP");
    for (const one of fresh) frozen.set(one.pid, one);
  }
}

export function signalAll(processes: readonly ProcessId[], signal: "SIGSTOP" | "SIGKILL"): void {
  for (const one of processes) {
    if (!isAlive(one)) continue;
    try {
      process.kill(one.pid, signal);
    } catch {
      // It ended by itself in between.
    }
  }
}

function fromProc(root: number): readonly ProcessId[] {
  const found: ProcessId[] = [];
  const queue = [root];
  for (let pid = queue.shift(); pid !== undefined; pid = queue.shift()) {
    const one = identify(pid);
    if (!one) continue;
    found.push(one);
    queue.push(...childrenOf(pid));
  }
  return found;
}

function childrenOf(pid: number): readonly number[] {
  const text = readOrUndefined(`/proc/${pid}/task/${pid}/children`);
  return (text ?? "").split(" ").filter(Boolean).map(Number);
}

function readOrUndefined(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

function fromPs(root: number): readonly ProcessId[] {
  const rows = execFileSync("ps", ["-A", "-o", "pid=,ppid="], { encoding: "utf8" })
    .trim()
    .split("\n")
    .map((row) => row.trim().split(/\s+/).map(Number));
  const found = new Set([root]);
  for (let before = 0; before !== found.size; ) {
    before = found.size;
    for (const [pid = 0, parent = 0] of rows) if (found.has(parent)) found.add(pid);
  }
  return [...found].map((pid) => ({ pid, born: "" }));
}
