import { expect, test } from "vitest";
import { SimClock } from "../../sim/clock.ts";
import { Rate } from "./rate.ts";

test("a steady flow has its rate, from the first pieces on", async () => {
  const clock = new SimClock();
  const rate = new Rate(clock);
  for (let n = 1; n <= 200; n++) {
    await clock.runUntil(n * 50);
    expect(rate.note(n * 50_000)).toBe(1_000_000);
  }
});

test("a flow that stops is seen to stop within its window", async () => {
  const clock = new SimClock();
  const rate = new Rate(clock);
  for (let n = 1; n <= 100; n++) {
    await clock.runUntil(n * 100);
    rate.note(n * 100_000);
  }
  for (let n = 101; n <= 200; n++) {
    await clock.runUntil(n * 100);
    rate.note(10_000_000);
  }
  expect(rate.note(10_000_000)).toBe(0);
});

test("before any time has passed there is no rate", () => {
  expect(new Rate(new SimClock()).note(1_000)).toBe(0);
});
