import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { hold, withinOr } from "./held.ts";

test("many who ask at once cause one load", async () => {
  let loads = 0;
  const held = hold(
    async () => {
      loads += 1;
      await sleep(5);
      return loads;
    },
    { freshMs: 60_000, waitMs: 60_000 },
  );
  expect(await Promise.all([held.get(), held.get(), held.get()])).toEqual([1, 1, 1]);
  expect(await held.get()).toBe(1);
});

test("a load that fails or hangs leaves the last value, and the next one is tried again", async () => {
  const answers = [
    () => Promise.resolve("first"),
    () => Promise.reject(new Error("lost")),
    () => sleep(40, "late"),
  ];
  const held = hold(() => (answers.shift() ?? (() => Promise.resolve("last")))(), {
    freshMs: 0,
    waitMs: 10,
  });
  expect(await held.get()).toBe("first");
  expect(await held.get()).toBe("first");
  expect(await held.get()).toBe("first");
  await sleep(60);
  expect(await held.get()).toBe("last");
});

test("without a value there is nothing but the failure", async () => {
  const held = hold(() => Promise.reject(new Error("lost")), { freshMs: 0, waitMs: 10 });
  await expect(held.get()).rejects.toThrow("lost");
});

test("what comes in time is taken", async () => {
  expect(await withinOr(10_000, Promise.resolve(1), 2)).toBe(1);
  expect(await withinOr(1, sleep(30, 1), 2)).toBe(2);
});
