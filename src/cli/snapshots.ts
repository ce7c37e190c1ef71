/** `leeward snapshots`: the evidence that is kept of old primaries. */
import { Command } from "commander";
import type { ApiSnapshot } from "../api/operations-api.ts";
import { Failure } from "../model/failure.ts";
import { ask } from "./confirm.ts";
import { unknown, withWorld } from "./context.ts";
import { printJson, printLine, type Frame, type Run } from "./frame.ts";
import { showInstant } from "./instant.ts";
import { formatBytes, table } from "./output.ts";

export function snapshotsCommand(run: Run): Command {
  const command = new Command("snapshots")
    .description(
      "Show what is kept of primaries whose history the others left: whole data directories, read-only.",
    )
    .addHelpText(
      "after",
      `
Examples:
  leeward snapshots
  leeward snapshots remove unplanned-global-failover-orders-us-east-1-20260102T030405Z`,
    )
    .action(() => run(list));
  command
    .command("list")
    .description("Show what is kept, of the Regions that answer.")
    .addHelpText("after", "\nExample:\n  leeward snapshots list --json")
    .action(() => run(list));
  command
    .command("remove <name>")
    .description("Remove it for good: nothing else has the transactions that it alone holds.")
    .option("-y, --yes", "do not ask")
    .addHelpText(
      "after",
      "\nExample:\n  leeward snapshots remove unplanned-global-failover-orders-us-east-1-20260102T030405Z",
    )
    .action((name: string, { yes }: { yes?: true }) =>
      run((frame) => remove(frame, name, yes === true)),
    );
  return command;
}

async function list(frame: Frame): Promise<void> {
  const snapshots = await withWorld(frame, ({ client }) => client.snapshots(frame.signal));
  if (frame.options.json) return printJson(frame, { snapshots });
  if (snapshots.length === 0) {
    return printLine(frame, "Nothing is kept, as far as the Regions that answer say.");
  }
  const { colors, clock } = frame;
  const nowMs = clock.wallMs();
  const head = ["NAME", "REGION", "SIZE", "SINCE", "FORK"].map((name) => colors.dim(name));
  const rows = snapshots.map(({ name, region, bytes, at, forkLsn }) => [
    name,
    region,
    formatBytes(bytes),
    showInstant(at, nowMs),
    forkLsn ?? "not known",
  ]);
  for (const line of table([head, ...rows])) printLine(frame, line);
  return undefined;
}

async function remove(frame: Frame, name: string, isSure: boolean): Promise<void> {
  const { signal } = frame;
  const removed = await withWorld(frame, async ({ client }) => {
    const snapshot = named(await client.snapshots(signal), name);
    if (!isSure) await confirm(frame, snapshot);
    await client.removeSnapshot(snapshot.region, name, signal);
    return snapshot;
  });
  const { region, bytes } = removed;
  if (frame.options.json) return printJson(frame, { region, name });
  printLine(frame, `${name} was removed from ${region} (${formatBytes(bytes)})`);
  return undefined;
}

/** @throws Failure `evidence.unknown` with the name that was probably meant */
function named(snapshots: readonly ApiSnapshot[], name: string): ApiSnapshot {
  const found = snapshots.find((one) => one.name === name);
  if (found) return found;
  const names = snapshots.map((one) => one.name);
  const message =
    names.length === 0 ? `There is no evidence "${name}"` : unknown("evidence", name, names);
  throw new Failure("evidence.unknown", message);
}

/** @throws Failure `usage.invalid` when the answer is not yes, or nobody is there to ask */
async function confirm(frame: Frame, { name, region, bytes }: ApiSnapshot): Promise<void> {
  const question = `Remove ${name} (${formatBytes(bytes)} in ${region}) for good? [y/N] `;
  const answer = await ask(frame, question);
  if (answer !== undefined && /^y(es)?$/i.test(answer)) return;
  const message =
    answer === undefined
      ? "Removing evidence needs --yes where nobody can be asked"
      : "Nothing was removed";
  throw new Failure("usage.invalid", message);
}
