import { expect, test } from "vitest";
import { explore } from "./explore.ts";
import { SimWorld } from "./world.ts";

/** `npm run sim -- --seeds 1000` takes both cores; here one test file has one. */
const seeds = 1_000;
const faultsMs = 30_000;

/** 4 files' worth of seeds, so that a failure names its share and the rest goes on. */
const shares = [0, 1, 2, 3];

test.for(shares)(
  "no rule is broken, share %i of 1,000 seeds",
  { timeout: 240_000 },
  async (share) => {
    const { bad } = await explore({
      firstSeed: 1 + share,
      seeds: seeds - share,
      stride: shares.length,
      faultsMs,
    });
    expect(bad).toEqual([]);
  },
);

test("two runs of one seed are one run, and two seeds are not", async () => {
  const trace = async (seed: number): Promise<string> =>
    (await new SimWorld(seed).run(faultsMs)).trace;
  expect(await trace(50)).toBe(await trace(50));
  expect(await trace(50)).not.toBe(await trace(51));
});
