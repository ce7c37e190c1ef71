/** `leeward switchover`: the writer moves, nothing is lost. */
import { Command, Option } from "commander";
import { Failure } from "../model/failure.ts";
import type { PinRule } from "../model/operation.ts";
import { knownRegion, withWorld, type Connection } from "./context.ts";
import { printJson, printLine, type Frame, type Run } from "./frame.ts";
import { chooseDatabases, runOperations, sayThere } from "./operation-run.ts";
import { checkLines } from "./operation-text.ts";
import { firstStatus } from "./operation-watch.ts";

type SwitchoverOptions = {
  readonly to: string;
  readonly all?: true;
  readonly dryRun?: true;
  readonly pins: PinRule;
};

export function switchoverCommand(run: Run): Command {
  return new Command("switchover")
    .argument("[database]", "the database; or --all")
    .description(
      "Make another Region the primary. Nothing is lost; writes pause for a moment. Until its point of no return it is rolled back on any trouble.",
    )
    .requiredOption("--to <region>", "the new primary Region")
    .option("--all", "every global database, side by side; not atomic")
    .addOption(
      new Option(
        "--pins <rule>",
        "sessions of the gateway that cannot move, because of a temporary table, a session lock or the like: refuse the switchover, or end them",
      )
        .choices(["refuse", "end"])
        .default("refuse"),
    )
    .option("--dry-run", "show the checks and the steps, change nothing")
    .addHelpText(
      "after",
      `
Examples:
  leeward switchover orders --to us-west-2 --dry-run
  leeward switchover orders --to us-west-2
  leeward switchover orders --to us-west-2 --pins end
  leeward switchover --all --to us-west-2 --json`,
    )
    .action((database: string | undefined, options: SwitchoverOptions) =>
      run((frame) => switchover(frame, database, options)),
    );
}

async function switchover(
  frame: Frame,
  database: string | undefined,
  { to, all, dryRun, pins }: SwitchoverOptions,
): Promise<void> {
  await withWorld(frame, async (connection) => {
    const status = await firstStatus(
      { client: connection.client, clock: frame.clock },
      frame.signal,
    );
    knownRegion(status, to);
    const { databases, there } = chooseDatabases(status, database, { all: all === true, to });
    sayThere(frame, there, to);
    const request = { kind: "switchover", to, pins } as const;
    if (dryRun === true) return preview(frame, connection, databases, request);
    return runOperations(
      frame,
      connection,
      databases.map((one) => ({ database: one, request })),
    );
  });
}

/** Exits as the operation would that it is about: non-zero when a check does not pass. */
async function preview(
  frame: Frame,
  { client }: Connection,
  databases: readonly string[],
  request: { readonly kind: "switchover"; readonly to: string; readonly pins: PinRule },
): Promise<void> {
  const { to } = request;
  const { colors, options, signal } = frame;
  const previews = await Promise.all(
    databases.map((one) => client.previewOperation(one, request, signal)),
  );
  if (options.json) printJson(frame, { previews });
  for (const { database, from, steps, checks } of options.json ? [] : previews) {
    printLine(frame, `${database}: switchover from ${from} to ${to}`);
    for (const line of checkLines(checks, colors)) printLine(frame, line);
    printLine(frame, colors.dim(`  steps: ${steps.join(", ")}`));
  }
  const refused = previews.filter(({ isPossible }) => !isPossible);
  if (refused.length === 0) return;
  const reasons = refused.map(({ checks }) => checks.find(({ isPassed }) => !isPassed)?.because);
  const message = `A switchover to ${to} would be refused now: ${reasons.join("; ")}`;
  throw new Failure("operation.refused", message);
}
