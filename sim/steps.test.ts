/** Whoever takes part in an operation dies at each of its journalled steps, one after the other (I6). */
import { expect, test } from "vitest";
import { east, west, type RegionName } from "../scenarios/stage.ts";
import type { Victim } from "./deaths.ts";
import { SimStage } from "./stage.ts";

type Case = {
  readonly kind: "switchover" | "failover";
  readonly victim: Victim;
  readonly region: RegionName;
};

const deaths: readonly Omit<Case, "kind">[] = [
  { victim: "controller", region: east },
  { victim: "agent", region: east },
  { victim: "agent", region: west },
  { victim: "region", region: east },
  { victim: "region", region: west },
];
const cases: readonly Case[] = (["switchover", "failover"] as const).flatMap((kind) =>
  deaths.map((death) => ({ kind, ...death })),
);
/** No operation has more journal entries than this, even when it begins again. */
const stepsMax = 20;

test.for(cases)(
  "a $kind survives the death of the $victim ($region) at each step",
  { timeout: 60_000 },
  async ({ kind, victim, region }) => {
    for (let step = 1; step <= stepsMax; step++) {
      const stage = new SimStage(step);
      await stage
        .run(async () => {
          stage.dieAtStep(step, victim, region);
          await stage[kind](west);
          await stage.expectPeace();
        })
        .catch((cause: unknown) => {
          throw new Error(`at step ${step}: ${String(cause)}`, { cause });
        });
      stage.world.referee.truth.checkEnd(() => false);
      expect(stage.world.referee.violations, `at step ${step}`).toEqual([]);
      if (stage.steps < step) return;
    }
    expect.fail(`there are more than ${stepsMax} steps`);
  },
);
