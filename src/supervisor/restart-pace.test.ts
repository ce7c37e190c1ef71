import { expect, test } from "vitest";
import { SimClock } from "../../sim/clock.ts";
import { RestartPace } from "./restart-pace.ts";

/** The waits before the restarts of a program that lives for each of these times. */
async function waits(livesMs: readonly number[]): Promise<readonly number[]> {
  const clock = new SimClock();
  const pace = new RestartPace(clock);
  const waited: number[] = [];
  for (const lifeMs of livesMs) {
    pace.started();
    await clock.runUntil(clock.monotonicMs() + lifeMs);
    waited.push(pace.nextMs());
  }
  return waited;
}

test("a program that dies at once is started ever more seldom, at most each 5 s", async () => {
  expect(await waits([0, 0, 0, 0, 0, 0, 0, 0])).toEqual([
    100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000,
  ]);
});

test("a program that ran well for a while is started again at once", async () => {
  expect(await waits([0, 0, 0, 60_000, 0])).toEqual([100, 200, 400, 100, 200]);
});
