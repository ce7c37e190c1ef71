import { expect, test } from "vitest";
import { SimClock } from "../../sim/clock.ts";
import { RestartPace } from "./restart-pace.ts";

async function waitMs(clock: SimClock, pace: RestartPace): Promise<number> {
  const fromMs = clock.monotonicMs();
  while (!pace.mayStart()) await clock.runUntil(clock.monotonicMs() + 100);
  return clock.monotonicMs() - fromMs;
}

test("A10: a server that ran for a while is started again at once", async () => {
  const clock = new SimClock();
  const pace = new RestartPace(clock);
  pace.started();
  await clock.runUntil(60_000);
  pace.ended();
  expect(pace.mayStart()).toBe(true);
});

test("A10: a server that ends soon after each start waits longer each time", async () => {
  const clock = new SimClock();
  const pace = new RestartPace(clock);
  const waits: number[] = [];
  for (let round = 0; round < 7; round++) {
    pace.started();
    await clock.runUntil(clock.monotonicMs() + 1_000);
    pace.ended();
    waits.push(await waitMs(clock, pace));
  }
  expect(waits).toEqual([500, 1_000, 2_000, 4_000, 8_000, 10_000, 10_000]);
});

test("A10: a start that fails counts like a server that ends, and a steady run forgives", async () => {
  const clock = new SimClock();
  const pace = new RestartPace(clock);
  pace.startFailed();
  pace.startFailed();
  expect(await waitMs(clock, pace)).toBe(1_000);
  pace.started();
  await clock.runUntil(clock.monotonicMs() + 30_000);
  pace.ended();
  pace.startFailed();
  expect(await waitMs(clock, pace)).toBe(500);
});
