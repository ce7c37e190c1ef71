/** `npm run sim -- --seed N --seeds M --minutes S`: explores seeds; a failing seed is the whole bug report. */
import { parseArgs } from "node:util";
import { SimWorld, type Outcome } from "./world.ts";

const { values } = parseArgs({
  options: {
    seed: { type: "string", default: "1" },
    seeds: { type: "string", default: "200" },
    minutes: { type: "string", default: "5" },
    log: { type: "boolean", default: false },
  },
});
const [firstSeed, seeds, minutes] = [values.seed, values.seeds, values.minutes].map(Number) as [
  number,
  number,
  number,
];
/** Each such seed runs twice, and both runs have to be the same run. */
const repeatEvery = 50;

async function explore(seed: number): Promise<Outcome> {
  const world = new SimWorld(seed);
  const outcome = await world.run(minutes * 60_000);
  if (values.log) for (const line of world.lines) console.log(JSON.stringify(line));
  if (seed % repeatEvery !== 0) return outcome;
  const again = await new SimWorld(seed).run(minutes * 60_000);
  if (again.trace === outcome.trace) return outcome;
  return { ...outcome, violations: [...outcome.violations, "two runs of this seed differ"] };
}

const startedMs = performance.now();
let simulatedMs = 0;
let badSeeds = 0;
for (let seed = firstSeed; seed < firstSeed + seeds; seed++) {
  const outcome = await explore(seed);
  simulatedMs += outcome.simulatedMs;
  if (outcome.violations.length === 0) continue;
  badSeeds += 1;
  console.log(`seed ${seed}:`);
  for (const violation of outcome.violations.slice(0, 5)) console.log(`  ${violation}`);
  console.log(`  again: npm run sim -- --seed ${seed} --seeds 1 --minutes ${minutes} --log`);
}
const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
const hours = (simulatedMs / 3_600_000).toFixed(1);
console.log(`${seeds} seeds from ${firstSeed}, ${hours} simulated hours in ${seconds} s`);
console.log(badSeeds === 0 ? "no rule was broken" : `${badSeeds} seeds broke a rule`);
process.exitCode = badSeeds === 0 ? 0 : 1;
