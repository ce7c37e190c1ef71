/** `leeward dns list`: where the stable names of each database lead. */
import { Command } from "commander";
import type { ApiNameList } from "../api/traffic-api.ts";
import { withWorld } from "./context.ts";
import { printJson, printLine, type Colors, type Frame, type Run } from "./frame.ts";
import { count, table } from "./output.ts";
import { header } from "./status-tables.ts";
import { placeText } from "./traffic-tables.ts";

export function dnsCommand(run: Run): Command {
  const command = new Command("dns")
    .description("Show the names of the private DNS zone.")
    .addHelpText("after", "\nExample:\n  leeward dns list");
  command
    .command("list")
    .description("Show where the names of each database lead, and where to ask for them.")
    .addHelpText("after", "\nExample:\n  leeward dns list --json")
    .action(() => run(list));
  return command;
}

async function list(frame: Frame): Promise<void> {
  const names = await withWorld(frame, ({ client }) => client.traffic.names(frame.signal));
  if (frame.options.json) return printJson(frame, names);
  printLine(frame, nameTables(names, frame.colors).join("\n"));
  return undefined;
}

type Names = ApiNameList["databases"][string];

export function nameTables({ databases, views }: ApiNameList, colors: Colors): readonly string[] {
  const rows = Object.values(databases).flatMap((names) => {
    const { writer, reader, version } = names;
    const seen = verified(names, colors);
    const moves = `${version}`;
    return [
      [writer.name, writer.region ?? "each Region's own", moves, seen],
      [reader.name, reader.regions.join(", "), moves, seen],
    ];
  });
  const places = views.map(({ region, dns }) => [region ?? "outside", placeText(dns)]);
  return [
    ...table([header(colors, "NAME", "LEADS TO", "VERSION", "VERIFIED"), ...rows]),
    "",
    ...table([header(colors, "SEEN FROM", "DNS"), ...places]),
  ];
}

/** `in 2 Regions`, or which Region sees something else, and what. */
function verified({ checks, version }: Names, colors: Colors): string {
  const all = Object.entries(checks);
  const wrong = all.filter(([, check]) => !check.isVerified || check.version < version);
  if (all.length === 0) return colors.yellow("by nobody");
  if (wrong.length === 0) return colors.green(`in ${count(all.length, "Region")}`);
  const said = wrong.map(([region, check]) => `${region}: ${whyNot(check, version)}`);
  return colors.yellow(`not in ${said.join("; ")}`);
}

function whyNot(check: Names["checks"][string], version: number): string {
  return check.version < version ? `knows version ${check.version}` : check.because;
}
