/** The program `leeward`: finds the command that was named, loads that one alone, runs it, ends with its code. */
import type { Clock } from "../env/env.ts";
import { thisMachine } from "./machine.ts";
import { runCommandLine } from "./command-line.ts";

/** The shell's codes for a program that a signal has ended: 128 and the signal's number. */
const exitCodes = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

type EndSignal = keyof typeof exitCodes;

/** 500 ms: under `npm start` one Ctrl-C comes twice, from the terminal and from npm. Nobody presses that fast. */
const sameKeyMs = 500;

async function main(args: readonly string[]): Promise<void> {
  if (args[0] === "internal") return internal(args[1], args[2]);
  const end = new AbortController();
  // Who closes the pipe (`leeward events | head`) or the terminal has seen enough; that is no failure.
  const machine = thisMachine(() => end.abort());
  const ended = abortOnSignals(end, machine.clock);
  const code = await runCommandLine(args, machine, end.signal);
  const name = ended();
  process.exitCode = name === undefined ? code : exitCodes[name];
  process.stdin.destroy();
  return undefined;
}

/** The first signal ends the command; the answer says which it was. */
function abortOnSignals(end: AbortController, clock: Clock): () => EndSignal | undefined {
  let first: { readonly name: EndSignal; readonly atMs: number } | undefined;
  const hear = (name: EndSignal): void => {
    const nowMs = clock.monotonicMs();
    if (first === undefined) {
      first = { name, atMs: nowMs };
      end.abort();
      return;
    }
    // The second Ctrl-C is for a command that does not end. Two `leeward down` at once, or a terminal that closes
    // after a Ctrl-C, are not that.
    if (name === "SIGINT" && nowMs - first.atMs > sameKeyMs) process.exit(exitCodes[name]);
  };
  for (const name of Object.keys(exitCodes) as EndSignal[]) process.on(name, () => hear(name));
  return () => first?.name;
}

/** The programs of a world log as JSON; what ends one of them goes to the same file. */
async function internal(program: string | undefined, settings: string | undefined): Promise<void> {
  const { runInternal } = await import("./internal.ts");
  try {
    await runInternal(program, settings);
  } catch (error) {
    const { reportError } = await import("./frame.ts");
    const options = { json: true, state: undefined, color: false };
    process.exitCode = reportError(
      thisMachine(() => process.exit()),
      options,
      error,
    );
  }
}

await main(process.argv.slice(2));
