import { expect, test } from "vitest";
import { SimClock } from "../../sim/clock.ts";
import { Pulse } from "../std/pulse.ts";
import { pauseUntil } from "./pause-until.ts";

const never = new AbortController().signal;

test("a pause ends at its time, and at once when that has passed", async () => {
  const clock = new SimClock();
  await clock.drive(() => pauseUntil(clock, new Pulse(), 700, never));
  expect(clock.monotonicMs()).toBe(700);
  await clock.drive(() => pauseUntil(clock, new Pulse(), 300, never));
  expect(clock.monotonicMs()).toBe(700);
});

test("a beat ends it earlier, for everyone who pauses", async () => {
  const clock = new SimClock();
  const pulse = new Pulse();
  const both = [1, 2].map(() => pauseUntil(clock, pulse, 60_000, never));
  pulse.beat();
  await Promise.all(both);
  expect(clock.monotonicMs()).toBe(0);
});

test("so does the end of its signal, without an error", async () => {
  const clock = new SimClock();
  const end = new AbortController();
  const pause = pauseUntil(clock, new Pulse(), 60_000, end.signal);
  end.abort();
  await pause;
  await pauseUntil(clock, new Pulse(), 60_000, end.signal);
  expect(clock.monotonicMs()).toBe(0);
});
