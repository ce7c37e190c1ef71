/**
 * `npm run bench:traffic`: what the front door costs beside nginx and HAProxy, what names cost, and what people notice of
 * moves and losses. Writes nothing but its answer.
 */
import { spawnSync } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root } from "./bench-world.ts";
import { build } from "./build.ts";
import { machineFacts, renderFacts } from "./machine.ts";
import { readPartOptions } from "./part-options.ts";
import { renderTable } from "./table.ts";
import { measureWorld } from "./traffic-world.ts";

const parts = ["edge", "dns", "world"] as const;

const usage = `npm run bench:traffic -- [--quick] [--only NAME]...

  --quick      once, where it is repeated otherwise
  --only NAME  one part of: ${parts.join(", ")}

The exit code says whether it could measure, not whether a figure was reached.`;

async function main(): Promise<void> {
  const options = readPartOptions(parts, usage);
  if (!options) return;
  const { isQuick, wanted } = options;
  for (const part of ["edge", "dns"] as const) {
    if (wanted.includes(part)) runAlone(part, isQuick);
  }
  if (!wanted.includes("world")) return;
  build();
  console.log(`${renderFacts(machineFacts(undefined, tmpdir()))}\n`);
  console.log(renderTable(await measureWorld(isQuick ? 2 : 6)));
}

/** Each is a program of its own, with its own children. */
function runAlone(part: "edge" | "dns", isQuick: boolean): void {
  const program = join(root, "bench", `${part}.ts`);
  const words = ["--import", "tsx", program, ...(isQuick ? ["--quick"] : [])];
  const { status } = spawnSync(process.execPath, words, { stdio: "inherit", cwd: root });
  if (status !== 0) throw new Error(`bench/${part}.ts ended with ${status}`);
}

await main();
