/** A postmaster: one that we started, or one that an earlier run of this program started and that lives on. */
import { spawn } from "node:child_process";
import type { Clock } from "../env/env.ts";
import { processesIn, signalProcess, type TableProcess } from "./process-table.ts";
import { programEnvironment } from "./program.ts";

export interface ServerProcess {
  readonly pid: number;
  isAlive(): boolean;
  /** Settles when it has ended, with how it ended. Rejects with the signal's reason. */
  ended(signal: AbortSignal): Promise<string>;
}

/** How often an adopted server is looked at: it is not our child, so nobody tells us of its end. */
const ADOPTED_POLL_MS = 100;

/** How often the backends of a dead postmaster are looked for while they go. */
const STRAGGLER_POLL_MS = 5;

/** A killed process is gone in milliseconds; seconds mean that it hangs in the kernel, on a dead disk. */
const STRAGGLERS_MS_MAX = 5000;

/**
 * Starts a server that survives us: its own session, its output in a file.
 * @param logFd an open descriptor; the server gets its own copy.
 */
export function spawnServer(command: readonly string[], logFd: number): ServerProcess {
  const [program = "", ...args] = command;
  const child = spawn(program, args, {
    env: programEnvironment,
    cwd: "/",
    detached: true,
    stdio: ["ignore", logFd, logFd],
  });
  child.unref();
  let how: string | undefined;
  const end = new Promise<string>((resolve) => {
    const settle = (text: string): void => {
      how ??= text;
      resolve(how);
    };
    child.once("error", (error) => settle(`could not be started: ${error.message}`));
    child.once("exit", (code, name) =>
      settle(code === null ? `was ended by ${name ?? "a signal"}` : `exited with code ${code}`),
    );
  });
  return {
    pid: child.pid ?? -1,
    isAlive: () => how === undefined && child.exitCode === null && child.signalCode === null,
    ended: (signal) => untilAborted(end, signal),
  };
}

/** Takes over a server that `processesIn` found. */
export function adoptedServer(found: TableProcess, clock: Clock): ServerProcess {
  return {
    pid: found.pid,
    isAlive: found.isThere,
    ended: async (signal) => {
      while (found.isThere()) await clock.sleep(ADOPTED_POLL_MS, signal);
      return "ended; it was started by an earlier run of this program, which cannot know how";
    },
  };
}

/** Kills whatever still stands in the directory. Answers whether it is empty now. */
export async function killAllIn(
  directory: string,
  clock: Clock,
  signal: AbortSignal,
): Promise<boolean> {
  const deadline = clock.monotonicMs() + STRAGGLERS_MS_MAX;
  for (;;) {
    const left = processesIn(directory);
    if (left.length === 0) return true;
    for (const { pid, isForeign } of left) if (!isForeign) signalProcess(pid, "SIGKILL");
    if (clock.monotonicMs() > deadline) return false;
    await clock.sleep(STRAGGLER_POLL_MS, signal);
  }
}

function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason);
    if (signal.aborted) return abort();
    signal.addEventListener("abort", abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}
