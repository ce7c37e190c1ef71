/** `leeward events`: what happened, in order. */
import { Command, InvalidArgumentError } from "commander";
import type { ApiEvent } from "../api/api.ts";
import type { ApiClient } from "../api/client.ts";
import { knownDatabase, knownRegion, withWorld } from "./context.ts";
import { printJson, printJsonLine, printLine, type Frame, type Run } from "./frame.ts";
import { showInstant } from "./instant.ts";
import { padEnd } from "./output.ts";

/** What the API answers at most in one page. */
const limitMax = 1000;
/** `operation.members-synchronized`, the longest. */
const kindWidth = 30;

type EventOptions = {
  readonly follow?: true;
  readonly region?: string;
  readonly database?: string;
  readonly limit: number;
};

export function eventsCommand(run: Run): Command {
  return new Command("events")
    .description("Show what happened: starts, losses, lag, links, operations.")
    .option("-f, --follow", "go on with what happens")
    .option("--region <region>", "only about this Region")
    .option("--database <database>", "only about this database")
    .option("-n, --limit <number>", "at most so many of the past", limit, 50)
    .addHelpText(
      "after",
      `
Examples:
  leeward events --follow
  leeward events --region us-east-1 --limit 10 --json`,
    )
    .action((options: EventOptions) => run((frame) => events(frame, options)));
}

async function events(frame: Frame, options: EventOptions): Promise<void> {
  await withWorld(frame, async ({ client }) => {
    const page = await firstPage(frame, client, options);
    if (options.follow !== true) {
      if (frame.options.json) printJson(frame, page);
      else for (const event of page.events) print(frame, event);
      return;
    }
    for (const event of page.events) print(frame, event);
    for await (const change of client.watch(page.next, frame.signal)) {
      if (change.kind === "event" && isWanted(change.event, options)) print(frame, change.event);
    }
  });
}

async function firstPage(
  { signal }: Frame,
  client: ApiClient,
  { region, database, limit: most }: EventOptions,
): ReturnType<ApiClient["events"]> {
  if (region !== undefined || database !== undefined) {
    const status = await client.status(signal);
    if (region !== undefined) knownRegion(status, region);
    if (database !== undefined) knownDatabase(status, database);
  }
  return client.events(
    {
      limit: most,
      ...(region === undefined ? {} : { region }),
      ...(database === undefined ? {} : { database }),
    },
    signal,
  );
}

function isWanted(event: ApiEvent, { region, database }: EventOptions): boolean {
  return (
    (region === undefined || event.region === region) &&
    (database === undefined || event.database === database)
  );
}

function print(frame: Frame, event: ApiEvent): void {
  if (frame.options.json) return printJsonLine(frame, event);
  const { colors, clock } = frame;
  const at = colors.dim(showInstant(event.at, clock.wallMs()));
  printLine(frame, `${at}  ${padEnd(colors.cyan(event.kind), kindWidth)}  ${event.message}`);
  return undefined;
}

function limit(text: string): number {
  const amount = Number(text);
  if (Number.isInteger(amount) && amount >= 1 && amount <= limitMax) return amount;
  throw new InvalidArgumentError(`It must be a whole number from 1 to ${limitMax}.`);
}
