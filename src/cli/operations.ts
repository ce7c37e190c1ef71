/** `leeward operations`: the journal of everything that changed who is what. */
import { Command, InvalidArgumentError } from "commander";
import type { ApiClient } from "../api/client.ts";
import type { ApiOperation } from "../api/operations-api.ts";
import { knownDatabase, withWorld } from "./context.ts";
import { printJson, printJsonLine, printLine, type Frame, type Run } from "./frame.ts";
import { showInstant } from "./instant.ts";
import { OperationReporter } from "./operation-reporter.ts";
import {
  toldSteps,
  headline,
  lossText,
  operationTable,
  outcomeText,
  stepLines,
  stepText,
} from "./operation-text.ts";
import { watchOperation, whileAway } from "./operation-watch.ts";

/** What the API answers at most. */
const limitMax = 1000;

type ListOptions = {
  readonly follow?: true;
  readonly database?: string;
  readonly limit: number;
};

export function operationsCommand(run: Run): Command {
  const command = new Command("operations")
    .description("Show operations that were and that are: every step, its reason, its time.")
    .option("-f, --follow", "go on with what happens")
    .option("--database <database>", "only about this database")
    .option("-n, --limit <number>", "at most so many of the past", limit, 20)
    .addHelpText(
      "after",
      `
Examples:
  leeward operations
  leeward operations --follow
  leeward operations show switchover-orders-7
  leeward operations cancel switchover-orders-7`,
    )
    .action((options: ListOptions) => run((frame) => list(frame, options)));
  command
    .command("show <id>")
    .description("Show one operation with its steps.")
    .option("-f, --follow", "go on until it has ended")
    .addHelpText("after", "\nExample:\n  leeward operations show switchover-orders-7 --follow")
    // `--follow` may be taken by the command above, which has it, too.
    .action((id: string, own: { follow?: true }) =>
      run((frame) => show(frame, id, own.follow ?? command.opts<ListOptions>().follow === true)),
    );
  command
    .command("cancel <id>")
    .description("Roll an operation back, before its point of no return.")
    .addHelpText("after", "\nExample:\n  leeward operations cancel switchover-orders-7")
    .action((id: string) => run((frame) => cancel(frame, id)));
  return command;
}

async function list(frame: Frame, options: ListOptions): Promise<void> {
  const { signal, colors, clock } = frame;
  const query = {
    limit: options.limit,
    ...(options.database === undefined ? {} : { database: options.database }),
  };
  await withWorld(frame, async ({ client }) => {
    if (options.database !== undefined) {
      knownDatabase(await client.status(signal), options.database);
    }
    const { operations, change } = await client.operations(query, signal);
    if (options.follow === true) {
      return follow(frame, { client, query, change, operations });
    }
    if (frame.options.json) return printJson(frame, { operations });
    const look = { colors, showInstant: (at: string) => showInstant(at, clock.wallMs()) };
    const lines = operations.length > 0 ? operationTable(operations, look) : ["There was none."];
    for (const line of lines) printLine(frame, line);
    return undefined;
  });
}

type Following = {
  readonly client: ApiClient;
  readonly query: { readonly limit: number; readonly database?: string };
  readonly change: number;
  readonly operations: readonly ApiOperation[];
};

/** Lines, also on a terminal: what was seen stays there to be read. */
async function follow(frame: Frame, { client, query, ...first }: Following): Promise<void> {
  const doors = { client, clock: frame.clock };
  let { change, operations } = first;
  const known = new Map<string, ApiOperation>();
  for (;;) {
    // The oldest first, as things happened.
    for (const operation of operations.toReversed()) {
      const before = known.get(operation.id);
      if (JSON.stringify(before) === JSON.stringify(operation)) continue;
      known.set(operation.id, operation);
      if (frame.options.json) printJsonLine(frame, operation);
      else for (const line of news(before, operation)) printLine(frame, line);
    }
    const ask = (): ReturnType<ApiClient["operations"]> =>
      client.operations({ ...query, after: change }, frame.signal);
    ({ change, operations } = await whileAway(doors, ask, frame.signal));
  }
}

function news(before: ApiOperation | undefined, operation: ApiOperation): readonly string[] {
  const isOld = before === undefined && operation.phase === "ended";
  if (isOld) return [outcomeText(operation)];
  const said = before ? toldSteps(before).length : 0;
  return [
    ...(before === undefined ? [headline(operation)] : []),
    ...toldSteps(operation)
      .slice(said)
      .map((step) => `${operation.database}: ${stepText(step)}`),
    ...(operation.phase === "ended" ? [outcomeText(operation)] : []),
  ];
}

async function show(frame: Frame, id: string, isFollowing: boolean): Promise<void> {
  const { signal, options, colors } = frame;
  await withWorld(frame, async ({ client }) => {
    const { change: _, ...now } = await client.operation(id, undefined, signal);
    if (isFollowing) return showUntilEnded(frame, client, id);
    if (options.json) return printJson(frame, now);
    printLine(frame, headline(now));
    for (const line of stepLines(now, colors)) printLine(frame, line);
    for (const line of facts(now)) printLine(frame, line);
    return undefined;
  });
}

async function showUntilEnded(frame: Frame, client: ApiClient, id: string): Promise<void> {
  const reporter = new OperationReporter(frame);
  let last: ApiOperation | undefined;
  try {
    const doors = { client, clock: frame.clock };
    for await (const seen of watchOperation(doors, id, frame.signal)) {
      last = seen;
      reporter.show(seen);
      if (frame.options.json) printJsonLine(frame, seen);
    }
  } finally {
    reporter.done();
  }
  if (last && !frame.options.json) for (const line of facts(last)) printLine(frame, line);
}

function facts(operation: ApiOperation): readonly string[] {
  const { kind, estimatedLoss, overrideFence, pins, forkLsn, requestedBy } = operation;
  return [
    outcomeText(operation),
    ...(kind === "failover" ? [`estimated loss when it began: ${lossText(estimatedLoss)}`] : []),
    ...(overrideFence === null ? [] : [`fence overridden: ${overrideFence}`]),
    ...(pins === "end" ? ["sessions that could not be moved were to end (--pins end)"] : []),
    ...(forkLsn === null ? [] : [`the new history begins at ${forkLsn}`]),
    ...(requestedBy === "policy" ? ["asked for by the policy `failover: automatic`"] : []),
  ];
}

async function cancel(frame: Frame, id: string): Promise<void> {
  const operation = await withWorld(frame, ({ client }) =>
    client.cancelOperation(id, frame.signal),
  );
  if (frame.options.json) return printJson(frame, operation);
  printLine(
    frame,
    `${id} is being rolled back; \`leeward operations show ${id} --follow\` watches it`,
  );
  return undefined;
}

function limit(text: string): number {
  const amount = Number(text);
  if (Number.isInteger(amount) && amount >= 1 && amount <= limitMax) return amount;
  throw new InvalidArgumentError(`It must be a whole number from 1 to ${limitMax}.`);
}
