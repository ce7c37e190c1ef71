/** Every command of docs/guide/failover.md, in order, as a person types it. */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { ask, untilSettled } from "./operations.ts";
import { sharedWorld } from "./shared-world.ts";
import type { World } from "./world.ts";
import { globalDatabase } from "./yaml.ts";

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const guide = readFileSync(join(root, "docs", "guide", "failover.md"), "utf8");
/** The example's. */
const the = sharedWorld({
  links: { default: { rttMs: 60 } },
  databases: { orders: globalDatabase, catalog: globalDatabase },
});
/** 60 s: a Region is cloned again. */
const settledMs = 60_000;
/** The guide says so. */
const refused = "failover orders --to us-west-2";

/** Quotes, and a comment at the end, as a shell reads them. */
function commandsOf(text: string): readonly (readonly string[])[] {
  return [...text.matchAll(/^ {4}npx leeward (.*?)(?:\s+# .*)?$/gm)].map(([, line = ""]) =>
    [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? ""),
  );
}

/** Where the guide names an operation, there has been another one. */
async function withId(world: World, command: readonly string[]): Promise<readonly string[]> {
  if (!command.join(" ").startsWith("operations show")) return command;
  const { operations } = await ask<{ readonly operations: readonly { readonly id: string }[] }>(
    world,
    "GET",
    "/v1/operations",
  );
  return command.map((word) => (/-\d+$/.test(word) ? (operations[0]?.id ?? word) : word));
}

/** A person looks at the status before the writer is moved, and answers when asked. */
async function typed(world: World, command: readonly string[]): Promise<readonly string[]> {
  const [name = "", subject = ""] = command;
  const isMove = ["switchover", "detach", "remove"].includes(name);
  const isForced = command.includes("--override-fence");
  if (isMove || isForced) await untilSettled(world, subject, settledMs);
  const isAsked = command.includes("--allow-data-loss");
  return await withId(world, isAsked ? [...command, "--yes"] : command);
}

/** The walk ends where it began; the disaster of `--override-fence` is another one, and comes last. */
function inOrder(text: string): readonly (readonly string[])[] {
  const isOverride = (command: readonly string[]): boolean => command.includes("--override-fence");
  const all = commandsOf(text);
  return [...all.filter((command) => !isOverride(command)), ...all.filter(isOverride)];
}

test("every command of the guide to failover does what the guide says", async () => {
  const world = the();
  const commands = inOrder(guide);
  expect(commands.length).toBeGreaterThan(20);
  for (const command of commands) {
    const line = command.join(" ");
    const { code, stdout, stderr } = await world.cli(await typed(world, command));
    if (code !== (line === refused ? 64 : 0)) {
      throw new Error(`leeward ${line} ended with ${code}:\n${stdout}\n${stderr}`);
    }
  }
}, 300_000);
