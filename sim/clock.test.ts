import { describe, expect, test } from "vitest";
import { registerClockContract } from "../src/env/clock-contract.ts";
import { SimClock, SkewedClock } from "./clock.ts";

const never = new AbortController().signal;

describe("true time", () => {
  registerClockContract(() => {
    const clock = new SimClock();
    return { clock, drive: (body) => clock.drive(body) };
  });
});

describe.for([0.9, 0.99, 1.013, 1.1])("a clock that runs %d times as fast", (rate) => {
  registerClockContract(() => {
    const time = new SimClock();
    return { clock: new SkewedClock(time, 86_399_999.7, rate), drive: (body) => time.drive(body) };
  });
});

test("computing costs no simulated time", async () => {
  const clock = new SimClock();
  await clock.drive(async () => {
    for (let step = 0; step < 1_000; step++) await Promise.resolve();
  });
  expect(clock.monotonicMs()).toBe(0);
});

test("timers of one moment fire in the order in which they were set", async () => {
  const clock = new SimClock();
  const fired: number[] = [];
  for (const name of [1, 2, 3]) clock.after(10, () => fired.push(name));
  await clock.runUntil(10);
  expect(fired).toEqual([1, 2, 3]);
});

test("a timer that was called off never fires", async () => {
  const clock = new SimClock();
  let fired = false;
  const cancel = clock.after(10, () => (fired = true));
  cancel();
  cancel();
  await clock.runUntil(20);
  expect(fired).toBe(false);
});

test("running until a moment makes it the present, with no timer left behind", async () => {
  const clock = new SimClock();
  const firedAtMs: number[] = [];
  const again = (): void => {
    firedAtMs.push(clock.monotonicMs());
    clock.after(30, again);
  };
  clock.after(30, again);
  await clock.runUntil(100);
  expect(firedAtMs).toEqual([30, 60, 90]);
  expect(clock.monotonicMs()).toBe(100);
});

test("a body that nothing can wake is reported instead of hanging", async () => {
  await expect(new SimClock().drive(() => new Promise(() => undefined))).rejects.toThrow(
    "nothing can wake",
  );
});

test("a sleep that was aborted leaves no timer that moves time", async () => {
  const clock = new SimClock();
  const abort = new AbortController();
  await clock.drive(async () => {
    const sleep = clock.sleep(1_000, abort.signal);
    abort.abort(new Error("enough"));
    await sleep.catch(() => undefined);
    await clock.sleep(1, never);
  });
  expect(clock.monotonicMs()).toBe(1);
});
