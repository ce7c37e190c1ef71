/** Programs that run to their end: initdb, `postgres --version`, apt-get. */
import { spawn } from "node:child_process";
import { onAbort } from "../../std/on-abort.ts";
import type { Clock } from "../env.ts";

export type ShortProgram = {
  readonly command: readonly string[];
  readonly cwd: string;
  /** All of it: nothing of our own is inherited. */
  readonly environment: Readonly<Record<string, string>>;
  /** What it reads; nothing when it is empty. */
  readonly input: string;
  readonly timeoutMs: number;
  /** Of each of its two outputs so much is kept, from the end. */
  readonly outputBytesMax: number;
};

export type ProgramEnd = {
  /** Undefined when a signal ended it, it was late, or it could not be started. */
  readonly exitCode: number | undefined;
  /** How it ended, as a clause: `exited with code 1`. */
  readonly ending: string;
  readonly stdout: string;
  readonly stderr: string;
};

/**
 * Runs a program; its group is killed when `timeoutMs` have passed or the signal aborts, because programs have
 * children. Rejects with the signal's reason, never because of how the program ended.
 */
export async function runShortProgram(
  program: ShortProgram,
  clock: Clock,
  signal: AbortSignal,
): Promise<ProgramEnd> {
  signal.throwIfAborted();
  const over = new AbortController();
  const forget = onAbort(signal, () => over.abort(signal.reason));
  const running = start(program);
  const late = clock.sleep(program.timeoutMs, over.signal).then(
    () => true,
    () => false,
  );
  const first = await Promise.race([running.end, late]);
  if (typeof first === "boolean") running.kill();
  const end = await running.end;
  forget();
  over.abort();
  if (typeof first !== "boolean") return end;
  signal.throwIfAborted();
  return { ...end, exitCode: undefined, ending: `did not end within ${program.timeoutMs} ms` };
}

function start(program: ShortProgram): { end: Promise<ProgramEnd>; kill(): void } {
  const [name = "", ...args] = program.command;
  const child = spawn(name, args, {
    cwd: program.cwd,
    env: program.environment,
    detached: true,
    stdio: ["pipe", "pipe", "pipe"],
  });
  const output = { stdout: "", stderr: "" };
  for (const stream of ["stdout", "stderr"] as const) {
    child[stream].setEncoding("utf8").on("data", (text: string) => {
      output[stream] = (output[stream] + text).slice(-program.outputBytesMax);
    });
  }
  // A program that ends without reading its input breaks the pipe; its exit code says the rest.
  child.stdin.on("error", () => undefined).end(program.input);
  const end = new Promise<ProgramEnd>((resolve) => {
    child.once("error", (error) => {
      resolve({ exitCode: undefined, ending: `could not be started: ${error.message}`, ...output });
    });
    child.once("close", (code, ended) => {
      const ending =
        code === null ? `was ended by ${ended ?? "a signal"}` : `exited with code ${code}`;
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
