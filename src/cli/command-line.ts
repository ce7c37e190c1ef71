/** The command line as a whole: global options, the list of commands, and one of them run. */
import { Command, CommanderError } from "commander";
import { Failure } from "../model/failure.ts";
import { commands, type CommandModule } from "./commands.ts";
import { makeFrame, reportError, type GlobalOptions, type Run } from "./frame.ts";
import type { Machine } from "./machine.ts";
import { version } from "./version.ts";

const examples = `
Examples:
  leeward up examples/two-regions     bring a world up
  leeward status --watch              watch it
  leeward region kill us-east-1       lose a Region
  leeward switchover orders --to us-west-2
  leeward psql orders -c "SELECT 1"   ask a database`;

/** Runs one command line and answers its exit code. Prints; never throws. */
export async function runCommandLine(
  args: readonly string[],
  machine: Machine,
  signal: AbortSignal,
): Promise<number> {
  const program = baseProgram(machine);
  const options = (): GlobalOptions => {
    const { json, state, color } = program.opts<Partial<GlobalOptions>>();
    return { json: json === true, state, color: color !== false };
  };
  const run: Run = (work) => work(makeFrame(machine, options(), signal));
  try {
    const named = namedCommand(args);
    const helpFor = named === "help" ? namedCommand(args.slice(args.indexOf("help") + 1)) : named;
    for (const module of commands) {
      program.addCommand(await commandOf(module, helpFor, run));
    }
    for (const command of withDescendants(program.commands)) {
      command.copyInheritedSettings(program);
    }
    if (named === undefined && args.length === 0) {
      machine.out.write(program.helpInformation() + `${examples}\n`);
      return 0;
    }
    await program.parseAsync(args, { from: "user" });
    return 0;
  } catch (error) {
    if (signal.aborted) return 0;
    if (!(error instanceof CommanderError)) return reportError(machine, options(), error);
    // Help and version were printed; nothing is wrong.
    if (error.exitCode === 0) return 0;
    const told = error.code === "commander.help" ? "No command was named" : error.message;
    const failure = new Failure("usage.invalid", told.replace(/^error: /, ""));
    return reportError(machine, { ...options(), json: args.includes("--json") }, failure);
  }
}

function baseProgram(machine: Machine): Command {
  return new Command("leeward")
    .description("Multi-Region PostgreSQL worlds that keep going when a Region is lost.")
    .version(version(), "-V, --version")
    .option("--json", "print JSON, for programs")
    .option("--state <dir>", "the state directory, or the directory that holds it")
    .option("--no-color", "print no colours (as NO_COLOR=1)")
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: (text) => machine.out.write(text),
      // Errors are thrown and reported in one place; help that was not asked for is not printed.
      writeErr: () => undefined,
      getOutHelpWidth: () => machine.out.columns ?? 100,
      getOutHasColors: () => false,
    })
    .addHelpText("after", examples)
    .exitOverride();
}

/** The whole command when it is the one named; otherwise its name and summary, for the list. */
async function commandOf(
  { name, summary, load }: CommandModule,
  named: string | undefined,
  run: Run,
): Promise<Command> {
  if (name === named) return (await load())(run).summary(summary);
  return new Command(name).summary(summary).description(summary);
}

function withDescendants(all: readonly Command[]): readonly Command[] {
  return all.flatMap((command) => [command, ...withDescendants(command.commands)]);
}

/** The first word that is no option and no option's value. */
function namedCommand(args: readonly string[]): string | undefined {
  for (let at = 0; at < args.length; at += 1) {
    const word = args[at] ?? "";
    if (word === "--state") at += 1;
    else if (!word.startsWith("-")) return word;
  }
  return undefined;
}
