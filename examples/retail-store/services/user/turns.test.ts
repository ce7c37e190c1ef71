import { setImmediate as tick } from "node:timers/promises";
import { expect, test } from "vitest";
import { Unavailable } from "../shared/refusal.ts";
import { Turns } from "./turns.ts";

test("no more than so many run at once, in the order of coming, and all of them run", async () => {
  const turns = new Turns({ atOnceMax: 2, waitingMax: 10 });
  const begun: number[] = [];
  let running = 0;
  let most = 0;
  const work = async (n: number): Promise<number> => {
    begun.push(n);
    running += 1;
    most = Math.max(most, running);
    await tick();
    running -= 1;
    return n;
  };
  const all = await Promise.all([0, 1, 2, 3, 4].map((n) => turns.take(() => work(n))));
  expect(all).toEqual([0, 1, 2, 3, 4]);
  expect(begun).toEqual([0, 1, 2, 3, 4]);
  expect(most).toBe(2);
});

test("who comes when the line is full is sent away, and one that fails gives its place on", async () => {
  const turns = new Turns({ atOnceMax: 1, waitingMax: 1 });
  const failing = turns.take(async () => {
    await tick();
    throw new Error("failed");
  });
  const waiting = turns.take(async () => "done");
  await expect(turns.take(async () => "never")).rejects.toBeInstanceOf(Unavailable);
  await expect(failing).rejects.toThrow("failed");
  expect(await waiting).toBe("done");
  expect(await turns.take(async () => "again")).toBe("again");
});
