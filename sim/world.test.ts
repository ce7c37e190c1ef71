import { expect, test } from "vitest";
import { SimWorld } from "./world.ts";

const seeds = 100;
const faultsMs = 30_000;

test("no rule is broken in 100 seeds", { timeout: 120_000 }, async () => {
  const bad: string[] = [];
  for (let seed = 1; seed <= seeds; seed++) {
    const { violations } = await new SimWorld(seed).run(faultsMs);
    bad.push(...violations.map((violation) => `seed ${seed}: ${violation}`));
  }
  expect(bad).toEqual([]);
});

test("two runs of one seed are one run, and two seeds are not", async () => {
  const trace = async (seed: number): Promise<string> =>
    (await new SimWorld(seed).run(faultsMs)).trace;
  expect(await trace(50)).toBe(await trace(50));
  expect(await trace(50)).not.toBe(await trace(51));
});
