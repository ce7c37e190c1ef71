import { expect, test } from "vitest";
import { stories } from "../../scenarios/stories.ts";
import { RealStage } from "./stage.ts";

test.for(stories)("on real processes: $name", { timeout: 300_000 }, async ({ play }) => {
  await using stage = await RealStage.begin();
  try {
    await play(stage);
  } catch (cause) {
    throw new Error(`${String(cause)}\n${stage.world.logTails()}`, { cause });
  }
  expect(stage.surplusHandOvers).toBe(0);
});
