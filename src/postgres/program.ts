/** Short programs that run to their end: initdb, `postgres --single`, `postgres --version`. */
import { spawn } from "node:child_process";
import type { Clock } from "../env/env.ts";

/** A fixed environment: a stray PGPORT, PGDATA or LC_ALL of the user's shell must not reach the server. */
export const programEnvironment: Readonly<Record<string, string>> = {
  PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
  LC_ALL: "C",
  TZ: "UTC",
};

export type ProgramEnd = {
  /** Undefined when a signal ended it or it could not be started. */
  readonly exitCode: number | undefined;
  /** How it ended, as a clause: `exited with code 1`. */
  readonly ending: string;
  readonly stdout: string;
  readonly stderr: string;
};

/** 64 KiB: initdb's whole output is 2 KiB; an error is at the end. */
const OUTPUT_BYTES_MAX = 64 * 1024;

/**
 * Runs a program; its group is killed when `timeoutMs` have passed or the signal aborts, because initdb has
 * children. Rejects with the signal's reason, never because of how the program ended.
 */
export async function runProgram(
  command: readonly string[],
  options: { readonly clock: Clock; readonly timeoutMs: number; readonly input?: string },
  signal: AbortSignal,
): Promise<ProgramEnd> {
  signal.throwIfAborted();
  const over = new AbortController();
  const running = start(command, options.input);
  const timedOut = options.clock
    .sleep(options.timeoutMs, AbortSignal.any([signal, over.signal]))
    .then(() => `did not end within ${options.timeoutMs} ms`)
    .catch(() => undefined);
  const first = await Promise.race([running.end, timedOut]);
  if (typeof first === "object") {
    over.abort();
    return first;
  }
  running.kill();
  const end = await running.end;
  signal.throwIfAborted();
  return { ...end, exitCode: undefined, ending: first ?? end.ending };
}

function start(
  command: readonly string[],
  input: string | undefined,
): { end: Promise<ProgramEnd>; kill(): void } {
  const [program = "", ...args] = command;
  const child = spawn(program, args, {
    env: programEnvironment,
    cwd: "/",
    detached: true,
    stdio: ["pipe", "pipe", "pipe"],
  });
  const output = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8").on("data", (text: string) => {
      output[name] = (output[name] + text).slice(-OUTPUT_BYTES_MAX);
    });
  }
  // A program that ends without reading its input breaks the pipe; its exit code says the rest.
  child.stdin.on("error", () => undefined).end(input ?? "");
  const end = new Promise<ProgramEnd>((resolve) => {
    child.once("error", (error) => {
      resolve({ exitCode: undefined, ending: `could not be started: ${error.message}`, ...output });
    });
    child.once("close", (code, signalName) => {
      const ending =
        code === null ? `was ended by ${signalName ?? "a signal"}` : `exited with code ${code}`;
      resolve({ exitCode: code ?? undefined, ending, ...output });
    });
  });
  return { end, kill: () => killGroup(child.pid) };
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // The group has ended by itself.
  }
}
