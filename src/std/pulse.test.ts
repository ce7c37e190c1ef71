import { expect, test } from "vitest";
import { Pulse } from "./pulse.ts";

test("a beat wakes everyone who waits, once", async () => {
  const pulse = new Pulse();
  const never = new AbortController().signal;
  const woken: string[] = [];
  const both = ["a", "b"].map((name) => pulse.next(never).then(() => woken.push(name)));
  pulse.beat();
  pulse.beat();
  await Promise.all(both);
  expect(woken).toEqual(["a", "b"]);
});

test("an abort wakes its own waiter alone", async () => {
  const pulse = new Pulse();
  const abort = new AbortController();
  let otherWoke = false;
  void pulse.next(new AbortController().signal).then(() => (otherWoke = true));
  const waiting = pulse.next(abort.signal);
  abort.abort();
  await waiting;
  await pulse.next(abort.signal);
  expect(otherWoke).toBe(false);
});
