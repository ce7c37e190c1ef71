/** `leeward failover`: the writer moves without its primary Region, and may leave transactions behind. */
import { Command } from "commander";
import type { ApiClient } from "../api/client.ts";
import type { ApiOperationPreview } from "../api/operations-api.ts";
import { Failure } from "../model/failure.ts";
import { ask } from "./confirm.ts";
import { knownRegion, withWorld } from "./context.ts";
import { printLine, type Frame, type Run } from "./frame.ts";
import { chooseDatabases, runOperations, sayThere } from "./operation-run.ts";
import { checkLines, datedLossText } from "./operation-text.ts";
import { firstStatus, type Wanted } from "./operation-watch.ts";

type FailoverOptions = {
  readonly to: string;
  readonly all?: true;
  readonly allowDataLoss?: true;
  readonly expectPrimary?: string;
  readonly overrideFence?: string;
  readonly yes?: true;
};

export function failoverCommand(run: Run): Command {
  return new Command("failover")
    .argument("[database]", "the database; or --all")
    .description(
      "Make another Region the primary without the present one. Shows first what would be lost, and how the old writer is known not to write.",
    )
    .requiredOption("--to <region>", "the new primary Region")
    .option("--all", "every global database, side by side; not atomic")
    .option("--allow-data-loss", "what the new primary has not received may be lost")
    .option("--expect-primary <region>", "refuse when another Region is the primary by now")
    .option("--override-fence <why>", "do not wait for a proof; you vouch that it cannot write")
    .option("-y, --yes", "do not ask")
    .addHelpText(
      "after",
      `
Examples:
  leeward failover orders --to us-west-2 --allow-data-loss
  leeward failover --all --to us-west-2 --allow-data-loss --expect-primary us-east-1 --yes
  leeward failover orders --to us-west-2 --allow-data-loss --override-fence "its power is cut"`,
    )
    .action((database: string | undefined, options: FailoverOptions) =>
      run((frame) => failover(frame, database, options)),
    );
}

async function failover(
  frame: Frame,
  database: string | undefined,
  options: FailoverOptions,
): Promise<void> {
  const { to, all } = options;
  await withWorld(frame, async (connection) => {
    const status = await firstStatus(
      { client: connection.client, clock: frame.clock },
      frame.signal,
    );
    knownRegion(status, to);
    if (options.expectPrimary !== undefined) knownRegion(status, options.expectPrimary);
    const { databases, there } = chooseDatabases(status, database, { all: all === true, to });
    sayThere(frame, there, to);
    const wanted = databases.map((one) => ({ database: one, request: requestOf(options) }));
    const previews = await previewAll(connection.client, wanted, frame.signal);
    if (!frame.options.json) for (const one of previews) show(frame, one);
    requireAllowed(previews, options);
    if (options.yes !== true) await confirm(frame, previews);
    const agreed = wanted.map((one, index) => withExpectation(one, previews[index]));
    await runOperations(frame, connection, agreed);
  });
}

function requestOf({
  to,
  allowDataLoss,
  expectPrimary,
  overrideFence,
}: FailoverOptions): Wanted["request"] {
  return {
    kind: "failover",
    to,
    allowDataLoss: allowDataLoss === true,
    ...(expectPrimary === undefined ? {} : { expectPrimary }),
    ...(overrideFence === undefined ? {} : { overrideFence }),
  };
}

/** As if data loss were allowed: whether it is, is between this command and the person. */
function previewAll(
  client: ApiClient,
  wanted: readonly Wanted[],
  signal: AbortSignal,
): Promise<readonly ApiOperationPreview[]> {
  return Promise.all(
    wanted.map(({ database, request }) =>
      client.previewOperation(database, { ...request, allowDataLoss: true }, signal),
    ),
  );
}

/** What a person agrees to is what is shown: when another Region is the primary by then, it is refused. */
function withExpectation(one: Wanted, preview: ApiOperationPreview | undefined): Wanted {
  const expectPrimary = one.request.expectPrimary ?? preview?.from;
  if (expectPrimary === undefined) return one;
  return { ...one, request: { ...one.request, expectPrimary } };
}

function show(frame: Frame, { database, from, to, ...preview }: ApiOperationPreview): void {
  const { colors } = frame;
  printLine(frame, colors.bold(`${database}: failover from ${from} to ${to}`));
  printLine(frame, `  would lose: ${datedLossText(preview.estimatedLoss)}`);
  if (preview.fence !== null) printLine(frame, `  fence: ${preview.fence}`);
  const failed = preview.checks.filter(({ isPassed }) => !isPassed);
  for (const line of checkLines(failed, colors)) printLine(frame, line);
}

function requireAllowed(previews: readonly ApiOperationPreview[], options: FailoverOptions): void {
  const { expectPrimary, allowDataLoss } = options;
  const other = previews.find(({ from }) => expectPrimary !== undefined && from !== expectPrimary);
  if (other) {
    const message = `The primary of ${other.database} is ${other.from}, not ${expectPrimary}`;
    throw new Failure("failover.unexpected-primary", message);
  }
  if (allowDataLoss === true) return;
  const losses = previews.map(
    ({ database, estimatedLoss }) => `${database}: ${datedLossText(estimatedLoss)}`,
  );
  const message = `A failover to ${options.to} would lose what the old primary alone has (${losses.join("; ")})`;
  throw new Failure("failover.data-loss-not-allowed", message);
}

/** @throws Failure `failover.not-confirmed`; `operation.refused` when there is nothing to agree to */
async function confirm(frame: Frame, previews: readonly ApiOperationPreview[]): Promise<void> {
  if (previews.length === 0) return;
  const refused = previews.filter(({ isPossible }) => !isPossible);
  if (refused.length > 0) {
    const reasons = refused.flatMap(({ database, checks }) =>
      checks.flatMap(({ isPassed, because }) => (isPassed ? [] : [`${database}: ${because}`])),
    );
    throw new Failure("operation.refused", `The failover would be refused: ${reasons.join("; ")}`);
  }
  const answer = await ask(frame, "Fail over now? [y/N] ");
  if (answer !== undefined && /^y(es)?$/i.test(answer)) return;
  const message =
    answer === undefined
      ? "A failover needs --yes where nobody can be asked"
      : "The failover was not begun";
  throw new Failure("failover.not-confirmed", message);
}
