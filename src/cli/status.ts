/** `leeward status`: the world at a glance, once or as it changes. */
import { Command } from "commander";
import type { ApiStatus } from "../api/api.ts";
import { readWorldSecrets, withWorld, type Connection } from "./context.ts";
import { printJson, printJsonLine, printLine, type Frame, type Run } from "./frame.ts";
import { withUrls, type StatusWithUrls } from "./gateway-urls.ts";
import { formatInstant } from "./instant.ts";
import { Screen } from "./screen.ts";
import { statusFacts } from "./status-facts.ts";
import { statusLines } from "./status-tables.ts";

export function statusCommand(run: Run): Command {
  return new Command("status")
    .description("Show Regions, databases, who writes and since when, lag and links.")
    .option("-w, --watch", "go on and show what changes")
    .addHelpText(
      "after",
      `
Examples:
  leeward status
  leeward status --watch
  leeward status --json | jq -r '.databases.orders.writer.address'
  leeward status --json | jq -r '.regions["us-west-2"].gateway.urls.orders'`,
    )
    .action(({ watch }: { watch?: boolean }) =>
      run((frame) => (watch === true ? watchStatus(frame) : showStatus(frame))),
    );
}

async function showStatus(frame: Frame): Promise<void> {
  const { json } = frame.options;
  await withWorld(frame, async ({ client, layout }) => {
    const status = await client.status(frame.signal);
    if (json) return printJson(frame, forOwner(frame, layout, status));
    const look = { colors: frame.colors, nowMs: frame.clock.wallMs() };
    return printLine(frame, statusLines(status, look).join("\n"));
  });
}

/** The API tells nobody a password; who reads the state directory knows them. */
function forOwner(frame: Frame, layout: Connection["layout"], status: ApiStatus): StatusWithUrls {
  return withUrls(status, readWorldSecrets(frame, layout), layout);
}

/** In place on a terminal, a line for each change elsewhere, a line of JSON for each status with `--json`. */
async function watchStatus(frame: Frame): Promise<void> {
  const { options, out, clock, colors, signal } = frame;
  const screen = new Screen(out);
  let known: ReadonlyMap<string, string> = new Map();
  await withWorld(frame, async ({ client, layout }) => {
    for await (const change of client.watch(undefined, signal)) {
      if (change.kind !== "status") continue;
      const { status } = change;
      const nowMs = clock.wallMs();
      if (options.json) {
        printJsonLine(frame, forOwner(frame, layout, status));
      } else if (out.isTty) {
        screen.draw(statusLines(status, { colors, nowMs }));
      } else {
        const facts = statusFacts(status);
        for (const line of changedFacts(known, facts)) {
          printLine(frame, `${formatInstant(nowMs, nowMs)}  ${line}`);
        }
        known = facts;
      }
    }
  });
}

export function changedFacts(
  before: ReadonlyMap<string, string>,
  now: ReadonlyMap<string, string>,
): readonly string[] {
  const changed = [...now].filter(([name, text]) => before.get(name) !== text);
  return changed.map(([, text]) => text);
}
