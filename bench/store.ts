/**
 * `npm run bench:store`: how soon the shop of examples/retail-store opens, how many pages it has for its people, what an
 * order takes in each Region, and what people notice when one is lost. Writes nothing but its answer.
 */
import { tmpdir } from "node:os";
import { build } from "./build.ts";
import type { Figure } from "./figure.ts";
import { machineFacts, renderFacts } from "./machine.ts";
import { readPartOptions } from "./part-options.ts";
import { measureLoss } from "./store-loss.ts";
import { measurePage } from "./store-page.ts";
import { measurePurchases } from "./store-purchase.ts";
import { measureStart } from "./store-start.ts";
import { oneReplicaEach, withStore } from "./store-world.ts";
import { renderTable } from "./table.ts";

const parts = ["start", "page", "purchase", "loss"] as const;

const usage = `npm run bench:store -- [--quick] [--only NAME]...

  --quick      once, where it is repeated otherwise, and shorter
  --only NAME  one part of: ${parts.join(", ")}

The exit code says whether it could measure, not whether a figure was reached.`;

/** How often, and how long. */
const thorough = {
  starts: 3,
  page: { rounds: 5, seconds: 20 },
  purchases: 40,
  losses: 4,
};
const quick: typeof thorough = {
  starts: 1,
  page: { rounds: 1, seconds: 8 },
  purchases: 10,
  losses: 1,
};

async function main(): Promise<void> {
  const options = readPartOptions(parts, usage);
  if (!options) return;
  if (process.platform !== "linux") throw new Error("The benchmark reads /proc: Linux only");
  build();
  console.log(`${renderFacts(machineFacts(undefined, tmpdir()))}\n`);
  await measureAll(new Set(options.wanted), options.isQuick ? quick : thorough);
}

/** Each part is told as soon as it was measured. */
async function measureAll(wanted: ReadonlySet<string>, amount: typeof thorough): Promise<void> {
  const tell = async (part: (typeof parts)[number], measure: () => Promise<readonly Figure[]>) => {
    if (!wanted.has(part)) return;
    console.error(`Measuring ${part} …`);
    console.log(`${renderTable(await measure())}\n`);
  };
  await tell("start", () => measureStart(amount.starts));
  if (!parts.some((part) => part !== "start" && wanted.has(part))) return;
  await withStore(async (world) => {
    await world.run("up", "--detach");
    await tell("page", () => measurePage(world, amount.page));
    await tell("purchase", () => measurePurchases(world, amount.purchases));
    await tell("loss", () => measureLoss(world, amount.losses));
  }, oneReplicaEach);
}

await main();
