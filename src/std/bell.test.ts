import { expect, test } from "vitest";
import { Bell } from "./bell.ts";

const never = new AbortController().signal;

test("a ring wakes the waiter", async () => {
  const bell = new Bell();
  const waiting = bell.rings(never);
  bell.ring();
  await expect(waiting).resolves.toBeUndefined();
});

test("a ring while nobody waits is remembered once", async () => {
  const bell = new Bell();
  bell.ring();
  bell.ring();
  await bell.rings(never);
  let woke = false;
  const second = bell.rings(never).then(() => (woke = true));
  await Promise.resolve();
  expect(woke).toBe(false);
  bell.ring();
  await second;
});

test("an abort ends the wait", async () => {
  const end = new AbortController();
  const waiting = new Bell().rings(end.signal);
  end.abort();
  await expect(waiting).resolves.toBeUndefined();
});
