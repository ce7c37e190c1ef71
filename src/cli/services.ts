/** `leeward services`: the application's processes in every Region. */
import { Command } from "commander";
import { withWorld } from "./context.ts";
import { printJson, printLine, type Frame, type Run } from "./frame.ts";
import { serviceTables } from "./service-tables.ts";

export function servicesCommand(run: Run): Command {
  return new Command("services")
    .description("Show the application's services: their replicas, and why there are so many.")
    .addHelpText(
      "after",
      `
Examples:
  leeward services
  leeward services --json | jq '.services.webapp.regions["us-east-1"].target'`,
    )
    .action(() => run(show));
}

async function show(frame: Frame): Promise<void> {
  const found = await withWorld(frame, ({ client }) => client.traffic.services(frame.signal));
  if (frame.options.json) return printJson(frame, found);
  printLine(frame, serviceTables(found, frame.colors).join("\n"));
  return undefined;
}
