import { expect, test } from "vitest";
import { SimClock } from "../../sim/clock.ts";
import { ChangeCount } from "./change-count.ts";

const never = new AbortController().signal;

test("who has seen nothing yet is answered at once, and who has seen everything waits for the next change", async () => {
  const clock = new SimClock();
  const changes = new ChangeCount(clock);
  const seen = await clock.drive(() => changes.other(-1, never));
  const waiting = changes.other(seen, never);
  await clock.runUntil(10_000);
  changes.note();
  expect(await clock.drive(() => waiting)).toBe(seen + 1);
});

test("every follower hears of a change, and one that gives up is answered with what there is", async () => {
  const clock = new SimClock();
  const changes = new ChangeCount(clock);
  const seen = await clock.drive(() => changes.other(-1, never));
  const over = new AbortController();
  const [first, second] = [changes.other(seen, never), changes.other(seen, never)];
  const third = changes.other(seen, over.signal);
  over.abort();
  expect(await clock.drive(() => third)).toBe(seen);
  changes.note();
  expect(await clock.drive(() => Promise.all([first, second]))).toEqual([seen + 1, seen + 1]);
});
