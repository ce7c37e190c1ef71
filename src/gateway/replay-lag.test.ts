import { expect, test } from "vitest";
import { ReplayLag } from "./replay-lag.ts";

test("what passes a while after it was learnt is how long the next one is expected to take, less its age", () => {
  const lag = new ReplayLag();
  lag.seen(0, 0);
  for (let n = 1; n <= 50; n += 1) {
    lag.learnt(n, n * 10);
    lag.seen(n - 3, n * 10);
  }
  expect(lag.expectedWaitMs(51, 500)).toBeCloseTo(30, 0);
  expect(lag.expectedWaitMs(50, 500)).toBeCloseTo(30, 0);
  expect(lag.expectedWaitMs(49, 500)).toBeCloseTo(20, 0);
  expect(lag.expectedWaitMs(47, 500)).toBe(0);
});

test("one answer that came after a long time without looks does not make a lag", () => {
  const lag = new ReplayLag();
  lag.seen(0, 0);
  for (let n = 1; n <= 20; n += 1) {
    lag.learnt(n, n * 10);
    lag.seen(n, n * 10 + 1);
  }
  lag.learnt(21, 210);
  lag.seen(21, 5000);
  expect(lag.expectedWaitMs(22, 5000)).toBeLessThan(2);
});

test("replay that stands still is expected to stand still for longer and longer", () => {
  const lag = new ReplayLag();
  lag.seen(0, 0);
  lag.learnt(1, 0);
  let before = -1;
  for (let nowMs = 10; nowMs <= 10_000; nowMs *= 2) {
    lag.seen(0, nowMs);
    const expectedMs = lag.expectedWaitMs(1, nowMs);
    expect(expectedMs).toBeGreaterThan(before);
    before = expectedMs;
  }
});

test("I9: a million positions that nobody replays are remembered by a few, the oldest among them", () => {
  const lag = new ReplayLag();
  lag.seen(0, 0);
  for (let n = 1; n <= 1_000_000; n += 1) lag.learnt(n, n);
  lag.seen(0, 1_000_000);
  expect(lag.expectedWaitMs(1, 1_000_000)).toBeGreaterThanOrEqual(499_999);
  expect(lag.expectedWaitMs(500_000, 1_000_000)).toBeGreaterThan(490_000);
});
