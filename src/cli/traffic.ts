/** `leeward traffic …`: where people are sent, and how much of it goes where. */
import { Command, InvalidArgumentError } from "commander";
import type { ApiTrafficChange } from "../api/traffic-api.ts";
import { withWorld } from "./context.ts";
import { printJson, printLine, type Frame, type Run } from "./frame.ts";
import { trafficTables } from "./traffic-tables.ts";

export function trafficCommand(run: Run): Command {
  const command = new Command("traffic")
    .description("Show where traffic goes, and how much of it may go to a Region.")
    .addHelpText(
      "after",
      `
Examples:
  leeward traffic status
  leeward traffic dial us-east-1 0`,
    );
  command
    .command("status")
    .description("Show entries, dials, weights, health, and what each front door has done.")
    .addHelpText("after", "\nExample:\n  leeward traffic status --json")
    .action(() => run(status));
  command
    .command("dial")
    .argument("<region>", "the Region")
    .argument("<percent>", "of what would come to it, 0 to 100", percent)
    .description("Let so much of what would come to a Region come; the rest goes to the others.")
    .addHelpText("after", "\nExample:\n  leeward traffic dial us-east-1 10")
    .action((region: string, dial: number) => run((frame) => change(frame, region, { dial })));
  command
    .command("weight")
    .argument("<region>", "the Region")
    .argument("<weight>", "0 to 255; 0: only when no other is healthy", weightOf)
    .description("Set a Region's share under the policy `weighted`.")
    .addHelpText("after", "\nExample:\n  leeward traffic weight us-east-1 64")
    .action((region: string, weight: number) => run((frame) => change(frame, region, { weight })));
  return command;
}

async function status(frame: Frame): Promise<void> {
  const found = await withWorld(frame, ({ client }) => client.traffic.traffic(frame.signal));
  if (frame.options.json) return printJson(frame, found);
  printLine(frame, trafficTables(found, frame.colors).join("\n"));
  return undefined;
}

async function change(frame: Frame, region: string, wanted: ApiTrafficChange): Promise<void> {
  const changed = await withWorld(frame, ({ client }) =>
    client.traffic.changeTraffic(region, wanted, frame.signal),
  );
  if (frame.options.json) return printJson(frame, changed);
  const { dial, weight, isOn } = changed;
  const off = isOn ? "" : ", and is off: `leeward control list` shows by which control";
  printLine(frame, `${changed.region} has a dial of ${dial} % and a weight of ${weight}${off}`);
  return undefined;
}

function percent(text: string): number {
  return whole(text.replace(/%$/, ""), 100);
}

function weightOf(text: string): number {
  return whole(text, 255);
}

function whole(text: string, max: number): number {
  if (/^\d{1,3}$/.test(text) && Number(text) <= max) return Number(text);
  throw new InvalidArgumentError(`It must be a whole number from 0 to ${max}.`);
}
