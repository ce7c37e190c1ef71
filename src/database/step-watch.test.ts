import { expect, test } from "vitest";
import { SimClock } from "../../sim/clock.ts";
import type { OperationId } from "../model/region.ts";
import { closeStep, openStep } from "./step-journal.ts";
import { StepWatch } from "./step-watch.ts";

const id = "switchover-orders-6" as OperationId;

function openWatch(): { clock: SimClock; watch: StepWatch; told: OperationId[] } {
  const clock = new SimClock();
  const told: OperationId[] = [];
  return { clock, told, watch: new StepWatch(clock, (changed) => told.push(changed)) };
}

test("a step is timed on the controller's own clock, and the claim between two steps has a time of its own", async () => {
  const { clock, watch } = openWatch();
  watch.begin(id, "hand-over");
  await clock.runUntil(700);
  expect(watch.ms(id)).toEqual({ stepMs: 700, claimMs: undefined });
  watch.claims(id);
  await clock.runUntil(730);
  watch.claimed(id, "promote");
  await clock.runUntil(1_000);
  expect(watch.ms(id)).toEqual({ stepMs: 270, claimMs: 30 });
  watch.begin(id, "follow");
  expect(watch.ms(id)).toEqual({ stepMs: 0, claimMs: 30 });
});

test("what an earlier controller began is timed from when this one looked first", async () => {
  const { clock, watch } = openWatch();
  await clock.runUntil(5_000);
  expect(watch.stepMs(id)).toBeUndefined();
  watch.note(id, "it waits");
  await clock.runUntil(5_400);
  expect(watch.stepMs(id)).toBe(400);
});

test("whoever follows an operation hears of each new reason once", () => {
  const { told, watch } = openWatch();
  watch.begin(id, "promote");
  for (const because of ["it waits", "it waits", "it still waits"]) watch.note(id, because);
  expect(told).toHaveLength(3);
  expect(watch.because(id)).toBe("it still waits");
  watch.end(id);
  expect([told.length, watch.because(id)]).toEqual([4, undefined]);
});

test("the journal keeps how long each step took, and why it ended", () => {
  const steps = [
    { name: "hand-over", startedWallMs: 1, ms: 700, because: "stopped" },
    openStep("claim", 2),
    openStep("promote", 3),
  ];
  expect(closeStep(steps, { stepMs: 270, claimMs: 30 }, "it accepts writes")).toEqual([
    { name: "hand-over", startedWallMs: 1, ms: 700, because: "stopped" },
    { name: "claim", startedWallMs: 2, ms: 30, because: "" },
    { name: "promote", startedWallMs: 3, ms: 270, because: "it accepts writes" },
  ]);
  expect(closeStep([], { stepMs: 1, claimMs: 1 }, "")).toEqual([]);
});
