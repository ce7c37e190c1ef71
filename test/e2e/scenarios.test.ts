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
  for (const ack of stage.thawedAcks) console.log(`an old writer that thawed: ${ack}`);
  expect(stage.surplusHandOvers).toEqual([]);
});
