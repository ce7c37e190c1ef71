import { expect, test } from "vitest";
import { SimClock } from "../../sim/clock.ts";
import { Attempts } from "./attempts.ts";

test("D8: each failure doubles the wait, up to half a minute", async () => {
  const clock = new SimClock();
  const attempts = new Attempts(clock);
  const waitsMs: number[] = [];
  for (let round = 0; round < 7; round++) {
    const failedAtMs = clock.monotonicMs();
    attempts.settled("a", "failed");
    while (!attempts.mayTry("a")) await clock.runUntil(clock.monotonicMs() + 500);
    waitsMs.push(clock.monotonicMs() - failedAtMs);
  }
  expect(waitsMs).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
});

test("D8: a success ends the waiting, and other deeds never waited", () => {
  const attempts = new Attempts(new SimClock());
  attempts.settled("a", "failed");
  expect(attempts.mayTry("a")).toBe(false);
  expect(attempts.mayTry("b")).toBe(true);
  attempts.settled("b", "done");
  expect(attempts.mayTry("b")).toBe(true);
});

test("D7: every attempt has a number of its own", () => {
  const attempts = new Attempts(new SimClock());
  expect(attempts.number("a")).toBe(1);
  attempts.settled("a", "done");
  attempts.settled("a", "failed");
  expect(attempts.number("a")).toBe(3);
});
