/**
 * `npm run sim -- --seed N --seeds M --minutes S --jobs J`: explores seeds in J processes; a failing seed is the
 * whole bug report. `--log` shows what one seed's programs logged.
 */
import { fork } from "node:child_process";
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { explore, merge, nothing, type Findings, type SeedRange } from "./explore.ts";
import { SimWorld } from "./world.ts";

const { values } = parseArgs({
  options: {
    seed: { type: "string", default: "1" },
    seeds: { type: "string" },
    minutes: { type: "string", default: "0.15" },
    jobs: { type: "string", default: String(availableParallelism()) },
    stride: { type: "string" },
    log: { type: "boolean", default: false },
  },
});
const firstSeed = Number(values.seed);
const seeds = Number(values.seeds ?? 1);
const minutes = Number(values.minutes);
const faultsMs = minutes * 60_000;

if (values.stride !== undefined) {
  // Whoever asked is gone: nobody wants the answer.
  process.once("disconnect", () => process.exit(1));
  const found = await explore({ firstSeed, seeds, stride: Number(values.stride), faultsMs });
  process.send?.(found, () => process.disconnect());
} else if (values.log) {
  await showLog();
} else {
  report(await exploreInProcesses(Math.min(Number(values.jobs), seeds)));
}

async function exploreInProcesses(jobs: number): Promise<Findings> {
  if (jobs <= 1) return explore({ firstSeed, seeds, stride: 1, faultsMs });
  const parts = Array.from({ length: jobs }, (_, job) =>
    inProcess({ firstSeed: firstSeed + job, seeds: seeds - job, stride: jobs, faultsMs }),
  );
  return (await Promise.all(parts)).reduce(merge, nothing);
}

function inProcess(range: SeedRange): Promise<Findings> {
  return new Promise((resolve, reject) => {
    const { firstSeed: seed, seeds: count, stride } = range;
    const words = { seed, seeds: count, stride, minutes };
    const args = Object.entries(words).flatMap(([name, value]) => [`--${name}`, String(value)]);
    // Most objects of a simulated world die young: room for them saves a tenth of the time.
    const execArgv = [...process.execArgv, "--max-semi-space-size=64"];
    const child = fork(import.meta.filename, args, { execArgv });
    child.once("message", (found) => resolve(found as Findings));
    child.once("exit", (code) => reject(new Error(`a process of seeds ended with ${code}`)));
  });
}

async function showLog(): Promise<void> {
  const world = new SimWorld(firstSeed);
  const { violations } = await world.run(faultsMs);
  for (const line of world.lines) console.log(JSON.stringify(line));
  for (const violation of violations) console.log(violation);
  process.exitCode = violations.length === 0 ? 0 : 1;
}

function report(found: Findings): void {
  for (const { seed, violations } of found.bad) {
    console.log(`seed ${seed}:`);
    for (const violation of violations.slice(0, 3)) console.log(`  ${violation}`);
    console.log(`  again: npm run sim -- --seed ${seed} --minutes ${minutes} --log`);
  }
  const seconds = (performance.now() / 1000).toFixed(1);
  const hours = (found.simulatedMs / 3_600_000).toFixed(1);
  console.log(`${found.seeds} seeds from ${firstSeed}, ${hours} simulated hours in ${seconds} s`);
  console.log(
    `${found.acks} acknowledged writes, ${found.thawedAcks} of them by a thawed Region before its guard`,
  );
  console.log(`operations: ${JSON.stringify(found.operations)}`);
  const { length } = found.bad;
  console.log(length === 0 ? "no rule was broken" : `${length} seeds broke a rule`);
  process.exitCode = length === 0 ? 0 : 1;
}
