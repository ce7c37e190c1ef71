/** Tools of the machine that run to their end: apt-get, dpkg-deb, `redis-server --version`. */
import type { Clock } from "../env/env.ts";
import { runShortProgram, type ProgramEnd } from "../env/node/short-program.ts";

export type ToolEnd = ProgramEnd;

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

/** Rejects with the signal's reason, never because of how the tool ended. */
export function runTool(call: ToolCall, clock: Clock, signal: AbortSignal): Promise<ToolEnd> {
  const { command, cwd, timeoutMs } = call;
  const own = Object.fromEntries(call.environment.map(({ name, value }) => [name, value]));
  const environment = { ...fixedEnvironment, ...own };
  const program = { command, cwd, environment, input: "", timeoutMs, outputBytesMax };
  return runShortProgram(program, clock, signal);
}
