/** `npm run bench:world`: the figures that a world has to reach, beside the machine they were measured on. */
import { mkdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { nodeClock } from "../src/env/node/clock.ts";
import { findInstallation } from "../src/postgres/installation.ts";
import { root } from "./bench-world.ts";
import { build } from "./build.ts";
import { measureClone } from "./clone.ts";
import { summarize, type Figure } from "./figure.ts";
import { measureIdle } from "./idle.ts";
import { machineFacts, renderFacts } from "./machine.ts";
import { measureRegionKill } from "./region-kill.ts";
import { measureStartStop } from "./start-stop.ts";
import { renderTable } from "./table.ts";

const parts: Readonly<Record<string, (isQuick: boolean) => Promise<readonly Figure[]>>> = {
  "start-stop": measureStartStop,
  idle: measureIdle,
  "region-kill": measureRegionKill,
  clone: measureClone,
};

const usage = `npm run bench:world -- [--quick] [--only NAME]... [--json FILE]

  --quick      fewer repetitions and a smaller database: to see that it works
  --only NAME  one part of: ${Object.keys(parts).join(", ")}
  --json FILE  where the figures go as JSON; left out: bench/results/world.json

The exit code says whether it could measure, not whether a figure was reached.`;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      quick: { type: "boolean", default: false },
      only: { type: "string", multiple: true, default: Object.keys(parts) },
      json: { type: "string", default: join(root, "bench", "results", "world.json") },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return console.log(usage);
  const unknown = values.only.find((name) => !Object.hasOwn(parts, name));
  if (unknown !== undefined) throw new Error(`There is no part "${unknown}".\n\n${usage}`);
  if (process.platform !== "linux") throw new Error("The benchmark reads /proc: Linux only");
  build();
  const { version } = await findInstallation(undefined, nodeClock, AbortSignal.timeout(60_000));
  const machine = machineFacts(version, tmpdir());
  console.log(`${renderFacts(machine)}\n`);
  const figures: Figure[] = [];
  for (const name of values.only) {
    console.error(`Measuring ${name} …`);
    figures.push(...((await parts[name]?.(values.quick)) ?? []));
  }
  console.log(`${renderTable(figures)}\n`);
  const file = resolve(values.json);
  mkdirSync(dirname(file), { recursive: true });
  const rows = figures.map((figure) => ({ ...figure, ...summarize(figure) }));
  writeFileSync(
    file,
    `${JSON.stringify({ machine, isQuick: values.quick, figures: rows }, null, 2)}\n`,
  );
  console.log(`As JSON: ${file}`);
}

await main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
