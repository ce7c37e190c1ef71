import { expect, test } from "vitest";
import { stories } from "../scenarios/stories.ts";
import { SimStage } from "./stage.ts";

const seeds = 10;

test.for(stories)("in 10 seeds: $name", { timeout: 60_000 }, async ({ play }) => {
  for (let seed = 1; seed <= seeds; seed++) {
    const stage = new SimStage(seed);
    await stage.run(play).catch((cause: unknown) => {
      throw new Error(`seed ${seed}: ${String(cause)}`, { cause });
    });
    expect(stage.world.referee.violations, `seed ${seed}`).toEqual([]);
  }
});
