import { expect, test } from "vitest";
import { Running } from "./gateway-running.ts";

test("everything ends once, the last first, also what is inside, and one that cannot end keeps no other", async () => {
  const ended: string[] = [];
  const thing = (name: string): Promise<{ end(): Promise<void> }> =>
    Promise.resolve({ end: async () => void ended.push(name) });
  const running = new Running();
  await running.start(thing("first"));
  const inner = running.inner();
  await inner.start(thing("inside"));
  await running.start(Promise.resolve({ end: () => Promise.reject(new Error("it does not end")) }));
  await expect(running.start(Promise.reject(new Error("no start")))).rejects.toThrow("no start");
  await running.start(thing("last"));
  await expect(running.end()).rejects.toThrow("it does not end");
  expect(ended).toEqual(["last", "inside", "first"]);
  await running.end();
  await inner.end();
  expect(ended).toHaveLength(3);
});
