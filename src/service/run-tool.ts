/** Tools of the machine that run to their end: apt-get, dpkg-deb, `redis-server --version`. */
import { spawn } from "node:child_process";
import type { Clock } from "../env/env.ts";
import { onAbort } from "../std/on-abort.ts";

export type ToolEnd = {
  /** Undefined when a signal ended it or it could not be started. */
  readonly exitCode: number | undefined;
  /** How it ended, as a clause: `exited with code 1`. */
  readonly ending: string;
  readonly stdout: string;
  readonly stderr: string;
};

export type ToolCall = {
  readonly command: readonly string[];
  readonly cwd: string;
  /** On top of a fixed PATH and the C locale, in which its output is read. */
  readonly environment: readonly { readonly name: string; readonly value: string }[];
  readonly timeoutMs: number;
};

/** 1 MiB from the end: a simulation of apt's for rabbitmq-server is 4 KiB. */
const outputBytesMax = 1024 * 1024;

const fixedEnvironment = {
  PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
  LC_ALL: "C",
};

/**
 * Runs a tool, and ends its group when `timeoutMs` have passed or the signal aborts. Rejects with the signal's reason,
 * never because of how the tool ended.
 */
export async function runTool(call: ToolCall, clock: Clock, signal: AbortSignal): Promise<ToolEnd> {
  signal.throwIfAborted();
  const over = new AbortController();
  const forget = onAbort(signal, () => over.abort(signal.reason));
  const running = start(call);
  const late = clock.sleep(call.timeoutMs, over.signal).then(
    () => true,
    () => false,
  );
  if (typeof (await Promise.race([running.end, late])) === "boolean") running.kill();
  const end = await running.end;
  forget();
  over.abort();
  signal.throwIfAborted();
  const isLate = end.exitCode === undefined && (await late);
  return isLate ? { ...end, ending: `did not end within ${call.timeoutMs} ms` } : end;
}

function start({ command, cwd, environment }: ToolCall): { end: Promise<ToolEnd>; kill(): void } {
  const [program = "", ...args] = command;
  const own = Object.fromEntries(environment.map(({ name, value }) => [name, value]));
  const child = spawn(program, args, {
    cwd,
    env: { ...fixedEnvironment, ...own },
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const output = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8").on("data", (text: string) => {
      output[name] = (output[name] + text).slice(-outputBytesMax);
    });
  }
  const end = new Promise<ToolEnd>((resolve) => {
    child.once("error", (error) => {
      resolve({ exitCode: undefined, ending: `could not be started: ${error.message}`, ...output });
    });
    child.once("close", (code, name) => {
      const ending =
        code === null ? `was ended by ${name ?? "a signal"}` : `exited with code ${code}`;
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
