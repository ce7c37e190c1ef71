import { expect, test } from "vitest";
import { SimClock } from "../../sim/clock.ts";
import { Alarm } from "./alarm.ts";

function world() {
  const clock = new SimClock();
  const rings: number[] = [];
  const alarm = new Alarm(clock, () => rings.push(clock.monotonicMs()));
  return { clock, rings, alarm };
}

test("an alarm rings at the earliest moment asked for, once", async () => {
  const { clock, rings, alarm } = world();
  alarm.set(50);
  alarm.set(20);
  alarm.set(70);
  await clock.runUntil(100);
  expect(rings).toEqual([20]);
});

test("an alarm can be set again while it rings", async () => {
  const clock = new SimClock();
  const rings: number[] = [];
  const alarm: Alarm = new Alarm(clock, () => {
    rings.push(clock.monotonicMs());
    if (rings.length < 3) alarm.set(clock.monotonicMs() + 10);
  });
  alarm.set(10);
  await clock.runUntil(100);
  expect(rings).toEqual([10, 20, 30]);
});

test("a moment that has passed rings now", async () => {
  const { clock, rings, alarm } = world();
  await clock.runUntil(40);
  alarm.set(10);
  await clock.runUntil(100);
  expect(rings).toEqual([40]);
});

test("a stopped alarm does not ring", async () => {
  const { clock, rings, alarm } = world();
  alarm.set(10);
  alarm.stop();
  await clock.runUntil(100);
  expect(rings).toEqual([]);
});
