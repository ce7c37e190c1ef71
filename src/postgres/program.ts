/** Short programs of an installation: initdb, `postgres --single`, `postgres --version`. */
import type { Clock } from "../env/env.ts";
import { runShortProgram, type ProgramEnd } from "../env/node/short-program.ts";

export type { ProgramEnd };

/** A fixed environment: a stray PGPORT, PGDATA or LC_ALL of the user's shell must not reach the server. */
export const programEnvironment: Readonly<Record<string, string>> = {
  PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
  LC_ALL: "C",
  TZ: "UTC",
};

/** 64 KiB: initdb's whole output is 2 KiB; an error is at the end. */
const OUTPUT_BYTES_MAX = 64 * 1024;

/** Rejects with the signal's reason, never because of how the program ended. */
export function runProgram(
  command: readonly string[],
  options: { readonly clock: Clock; readonly timeoutMs: number; readonly input?: string },
  signal: AbortSignal,
): Promise<ProgramEnd> {
  const { clock, timeoutMs, input = "" } = options;
  const program = {
    command,
    cwd: "/",
    environment: programEnvironment,
    input,
    timeoutMs,
    outputBytesMax: OUTPUT_BYTES_MAX,
  };
  return runShortProgram(program, clock, signal);
}
