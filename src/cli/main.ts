/** The program `leeward`: finds the command that was named, loads that one alone, runs it, ends with its code. */
import { thisMachine } from "./machine.ts";
import { runCommandLine } from "./command-line.ts";

/** The shell's codes for a program that a signal has ended: 128 and the signal's number. */
const exitCodes = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

async function main(args: readonly string[]): Promise<void> {
  if (args[0] === "internal") return internal(args[1], args[2]);
  const end = new AbortController();
  let ended: keyof typeof exitCodes | undefined;
  for (const name of Object.keys(exitCodes) as (keyof typeof exitCodes)[]) {
    process.on(name, () => {
      // The second Ctrl-C is for a command that does not end.
      if (ended !== undefined) process.exit(exitCodes[name]);
      ended = name;
      end.abort();
    });
  }
  const code = await runCommandLine(args, thisMachine(), end.signal);
  process.exitCode = ended === undefined ? code : exitCodes[ended];
  process.stdin.destroy();
  return undefined;
}

/** The programs of a world log as JSON; what ends one of them goes to the same file. */
async function internal(program: string | undefined, settings: string | undefined): Promise<void> {
  const { runInternal } = await import("./internal.ts");
  try {
    await runInternal(program, settings);
  } catch (error) {
    const { reportError } = await import("./frame.ts");
    const options = { json: true, state: undefined, color: false };
    process.exitCode = reportError(thisMachine(), options, error);
  }
}

await main(process.argv.slice(2));
