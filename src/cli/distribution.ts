/** `leeward distribution …`: the entry that has one origin at a time, as a CDN does. */
import { Command } from "commander";
import type { ApiDistribution } from "../api/traffic-api.ts";
import { withWorld, type Connection } from "./context.ts";
import { printJson, printLine, type Frame, type Run } from "./frame.ts";
import { table } from "./output.ts";
import { placeText } from "./traffic-tables.ts";

type OriginOptions = { readonly ifMatch: string; readonly force?: true };

export function distributionCommand(run: Run): Command {
  const command = new Command("distribution")
    .description("Show and move the origin of the distribution.")
    .addHelpText(
      "after",
      `
Examples:
  leeward distribution show
  leeward distribution set-origin us-west-2 --if-match "$(leeward distribution show --json | jq -r .tag)"`,
    );
  command
    .command("show")
    .description("Show the origin and its tag.")
    .addHelpText("after", "\nExample:\n  leeward distribution show --json")
    .action(() =>
      run((frame) => tell(frame, ({ client }) => client.traffic.distribution(frame.signal))),
    );
  command
    .command("set-origin")
    .argument("<region>", "the Region that it takes from now on")
    .description("Move the origin, if it still has the tag that you saw.")
    .requiredOption("--if-match <tag>", "the tag that `show` prints, or * for any")
    .option("--force", "also to a Region from which writes do not reach the writer")
    .addHelpText(
      "after",
      "\nExample:\n  leeward distribution set-origin us-west-2 --if-match first-us-east-1",
    )
    .action((region: string, { ifMatch, force }: OriginOptions) =>
      run((frame) => {
        const change = { region, ifMatch, force: force === true };
        return tell(frame, ({ client }) => client.traffic.setOrigin(change, frame.signal));
      }),
    );
  command
    .command("invalidate")
    .description("Use no answer any more that was kept until now.")
    .addHelpText("after", "\nExample:\n  leeward distribution invalidate")
    .action(() =>
      run((frame) => tell(frame, ({ client }) => client.traffic.invalidate(frame.signal))),
    );
  return command;
}

async function tell(
  frame: Frame,
  ask: (connection: Connection) => Promise<ApiDistribution>,
): Promise<void> {
  const found = await withWorld(frame, ask);
  if (frame.options.json) return printJson(frame, found);
  printLine(frame, distributionLines(found).join("\n"));
  return undefined;
}

function distributionLines(found: ApiDistribution): readonly string[] {
  const { address, origin, tag, invalidations } = found;
  return table([
    ["address", address === null ? "none" : `http://${placeText(address)}`],
    ["origin", origin],
    ["tag", tag],
    ["invalidations", `${invalidations}`],
  ]);
}
