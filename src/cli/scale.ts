/** `leeward scale …`: how many replicas a service has, said by a person. */
import { Command, InvalidArgumentError } from "commander";
import type { ApiPrescaleResult, ApiReplicasResult } from "../api/services-api.ts";
import { withWorld } from "./context.ts";
import { printJson, printLine, type Frame, type Run } from "./frame.ts";
import { count, formatDuration } from "./output.ts";

type Options = { readonly region?: string };

export function scaleCommand(run: Run): Command {
  const command = new Command("scale")
    .argument("<service>", "the service")
    .argument("<replicas>", "in each Region, from 0 to its max", replicas)
    .description(
      "Say how many replicas a service has. Autoscaling goes on from there; 0 keeps it away.",
    )
    .option("--region <region>", "in this Region; left out: in all that have the service")
    .addHelpText(
      "after",
      `
Examples:
  leeward scale webapp 4
  leeward scale webapp 4 --region us-west-2
  leeward scale pre us-west-2 200%`,
    )
    .action((service: string, number: number, options: Options) =>
      run((frame) => scale(frame, service, number, options)),
    );
  command
    .command("pre")
    .argument("<region>", "the Region that traffic is to come to")
    .argument("<percent>", "of what the Region has that carries the most: 200%", percent)
    .description("Warm a Region before traffic moves there; it keeps what it has for 10 min.")
    .addHelpText("after", "\nExample:\n  leeward scale pre us-west-2 200%")
    .action((region: string, of: number) => run((frame) => warm(frame, region, of)));
  return command;
}

async function scale(
  frame: Frame,
  service: string,
  number: number,
  { region }: Options,
): Promise<void> {
  const change = { replicas: number, ...(region === undefined ? {} : { region }) };
  const result = await withWorld(frame, ({ client }) =>
    client.traffic.setReplicas(service, change, frame.signal),
  );
  if (frame.options.json) return printJson(frame, result);
  for (const line of scaledLines(result)) printLine(frame, line);
  return undefined;
}

function scaledLines({ service, changes }: ApiReplicasResult): readonly string[] {
  return changes.map(({ region, from, to }) => {
    const before = from === to ? " already" : `, before ${from}`;
    return `${service} in ${region}: ${count(to, "replica")}${before}`;
  });
}

async function warm(frame: Frame, region: string, of: number): Promise<void> {
  const result = await withWorld(frame, ({ client }) =>
    client.traffic.prescale(region, of, frame.signal),
  );
  if (frame.options.json) return printJson(frame, result);
  for (const line of warmedLines(result)) printLine(frame, line);
  return undefined;
}

function warmedLines({ region, holdMs, services }: ApiPrescaleResult): readonly string[] {
  return [
    ...services.map(({ service, from, to, because }) => {
      const before = from === to ? "as before" : `before ${from}`;
      return `${service} in ${region}: ${count(to, "replica")}, ${before} (${because})`;
    }),
    `${region} stays warm for ${formatDuration(holdMs)}; \`leeward services\` shows when they are ready`,
  ];
}

function replicas(text: string): number {
  if (/^\d{1,4}$/.test(text)) return Number(text);
  throw new InvalidArgumentError("It must be a whole number from 0 on.");
}

/** The API's own bounds. */
function percent(text: string): number {
  const number = Number(text.replace(/%$/, ""));
  if (Number.isInteger(number) && number >= 1 && number <= 1_000) return number;
  throw new InvalidArgumentError("It must be a percentage from 1% to 1000%.");
}
