/** `leeward link …`: what lies between Regions. */
import { Command, InvalidArgumentError, Option } from "commander";
import type { ApiLinkChange, ApiStatus } from "../api/api.ts";
import { Failure } from "../model/failure.ts";
import { parseBandwidth } from "../model/bandwidth.ts";
import { unknown, withWorld } from "./context.ts";
import { printJson, printLine, type Frame, type Run } from "./frame.ts";
import { linkTable } from "./status-tables.ts";

type SetOptions = {
  readonly rtt?: number;
  readonly jitter?: number;
  readonly bandwidth?: string;
  readonly up?: true;
  readonly down?: true;
  readonly oneWay?: true;
  readonly reset?: true;
};

export function linkCommand(run: Run): Command {
  const command = new Command("link")
    .description("Show the links between Regions, slow them down, cut them, mend them.")
    .addHelpText(
      "after",
      `
Examples:
  leeward link list
  leeward link set us-east-1 us-west-2 --rtt 120 --jitter 10`,
    );
  command
    .command("list")
    .description("Show every link: between two Regions, and between a Region and the controller.")
    .addHelpText("after", "\nExample:\n  leeward link list --json")
    .action(() => run(list));
  command.addCommand(setCommand(run));
  return command;
}

function setCommand(run: Run): Command {
  return new Command("set")
    .argument("<a>", "a Region, or controller")
    .argument("<b>", "the other one")
    .description("Change a link while connections are open. What is left out stays as it is.")
    .option("--rtt <ms>", "round-trip time, in ms; half of it each way", milliseconds)
    .option("--jitter <ms>", "up to this much more each way, in ms", milliseconds)
    .option("--bandwidth <rate>", "each way: 10mbit, 500kbit, 1gbit, unlimited", bandwidth)
    .addOption(new Option("--down", "swallow everything, as a cut cable does").conflicts("up"))
    .option("--up", "let everything through again")
    .option("--one-way", "change the direction from <a> to <b> only")
    .option("--reset", "break the connections that cross it now, with RST")
    .addHelpText(
      "after",
      `
Examples:
  leeward link set us-east-1 us-west-2 --rtt 120 --jitter 10 --bandwidth 10mbit
  leeward link set us-east-1 us-west-2 --down --one-way
  leeward link set us-east-1 us-west-2 --up`,
    )
    .action((a: string, b: string, options: SetOptions) =>
      run((frame) => set(frame, [a, b], changeOf(options))),
    );
}

async function list(frame: Frame): Promise<void> {
  const links = await withWorld(frame, ({ client }) => client.links(frame.signal));
  if (frame.options.json) return printJson(frame, { links });
  const look = { colors: frame.colors, nowMs: frame.clock.wallMs() };
  printLine(frame, linkTable(links, look).join("\n"));
  return undefined;
}

async function set(
  frame: Frame,
  between: readonly [string, string],
  change: ApiLinkChange,
): Promise<void> {
  const { signal, colors, clock } = frame;
  const link = await withWorld(frame, async ({ client }) => {
    checkEnds(await client.status(signal), between);
    return client.changeLink(between, change, signal);
  });
  if (frame.options.json) return printJson(frame, link);
  printLine(frame, linkTable([link], { colors, nowMs: clock.wallMs() }).join("\n"));
  return undefined;
}

function checkEnds({ regions, links }: ApiStatus, [a, b]: readonly [string, string]): void {
  const known = ["controller", ...Object.keys(regions)];
  for (const end of [a, b]) {
    if (!known.includes(end)) throw new Failure("region.unknown", unknown("Region", end, known));
  }
  const isLink = links.some(({ between }) => between.includes(a) && between.includes(b));
  if (a === b || !isLink)
    throw new Failure("link.unknown", `There is no link between ${a} and ${b}`);
}

export function changeOf(options: SetOptions): ApiLinkChange {
  const { rtt, jitter, bandwidth: rate, up, down, oneWay, reset } = options;
  const change: ApiLinkChange = {
    ...(rtt === undefined ? {} : { rttMs: rtt }),
    ...(jitter === undefined ? {} : { jitterMs: jitter }),
    ...(rate === undefined ? {} : { bandwidth: rate }),
    ...(up === undefined && down === undefined ? {} : { up: up === true }),
    ...(reset === undefined ? {} : { reset }),
  };
  if (Object.keys(change).length === 0) {
    const message = "Nothing to change: give --rtt, --jitter, --bandwidth, --down, --up or --reset";
    throw new Failure("usage.invalid", message);
  }
  return oneWay === undefined ? change : { ...change, oneWay };
}

function milliseconds(text: string): number {
  const ms = Number(text);
  if (text.trim() !== "" && ms >= 0 && ms <= 60_000) return ms;
  throw new InvalidArgumentError("It must be a number of ms from 0 to 60000.");
}

function bandwidth(text: string): string {
  if (parseBandwidth(text) !== undefined) return text;
  throw new InvalidArgumentError("It must be unlimited or at least 8kbit, for example 10mbit.");
}
