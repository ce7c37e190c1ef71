/** `leeward gateway`: what the gateways do now, asked at their consoles. */
import { Command } from "commander";
import type { ApiStatus } from "../api/api.ts";
import { Failure } from "../model/failure.ts";
import { consoleName } from "../model/gateway.ts";
import { knownRegion, readWorldSecrets, withWorld } from "./context.ts";
import { printJson, printLine, type Frame, type Run } from "./frame.ts";
import { choosePassword, superuser } from "./psql-target.ts";
import { alignedTable, jsonRows, type SqlResult } from "./result-table.ts";
import { SqlSession, type SqlTarget } from "./sql-session.ts";

type Options = { readonly region?: string };

const views = [
  ["stats", "Show what each gateway has done since it was started."],
  ["pools", "Show its connections to servers, by role."],
  ["sessions", "Show its clients: where each stands, and what it waits for."],
  ["pins", "Show the clients that are bound to a server, and by what."],
] as const;

export function gatewayCommand(run: Run): Command {
  const command = new Command("gateway")
    .description("Show what the gateways of the Regions do now.")
    .addHelpText(
      "after",
      `
Examples:
  leeward gateway stats
  leeward gateway pins --region us-west-2`,
    );
  for (const [view, description] of views) {
    command
      .command(view)
      .description(description)
      .option("--region <region>", "of this Region; left out: of all that answer")
      .addHelpText("after", `\nExample:\n  leeward gateway ${view} --json`)
      .action((options: Options) => run((frame) => show(frame, view, options)));
  }
  return command;
}

async function show(frame: Frame, view: string, { region }: Options): Promise<void> {
  const targets = await withWorld(frame, async ({ client, layout }) => {
    const status = await client.status(frame.signal);
    const regions = region === undefined ? serving(status) : [knownRegion(status, region)];
    const secrets = readWorldSecrets(frame, layout);
    const [first = ""] = Object.keys(status.databases);
    const password = choosePassword(secrets, first, superuser);
    const ca = frame.files.read(layout.caCertificate);
    return regions.flatMap((name) => {
      const gateway = status.regions[name]?.gateway;
      if (!gateway) return [];
      const { address: host, port, tls } = gateway;
      const target: SqlTarget = {
        address: { host, port },
        database: consoleName,
        user: superuser,
        password,
        ca: tls === "required" ? ca : undefined,
      };
      return [{ name, target }];
    });
  });
  if (targets.length === 0) {
    throw new Failure("region.unknown", "No Region has a gateway that serves now");
  }
  const answers = await Promise.all(
    targets.map(async ({ name, target }) => ({ name, result: await askConsole(target, view) })),
  );
  if (frame.options.json) {
    const regions = answers.map(
      ({ name, result }) => [name, jsonRows(camelCased(result))] as const,
    );
    return printJson(frame, { regions: Object.fromEntries(regions) });
  }
  for (const { name, result } of answers) {
    printLine(frame, frame.colors.bold(name));
    for (const line of alignedTable(result)) printLine(frame, line);
  }
  return undefined;
}

/** SQL's names in a table, the house's in JSON: `write_ms`, `writeMs`. */
function camelCased(result: SqlResult): SqlResult {
  const columns = result.columns.map((column) => ({
    ...column,
    name: column.name.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()),
  }));
  return { ...result, columns };
}

async function askConsole(target: SqlTarget, view: string): Promise<SqlResult> {
  const session = await SqlSession.open(target, () => undefined);
  try {
    return await session.run(`SHOW ${view}`);
  } finally {
    await session.close();
  }
}

function serving(status: ApiStatus): readonly string[] {
  return Object.entries(status.regions)
    .filter(([, { gateway }]) => gateway.state === "serving")
    .map(([name]) => name);
}
