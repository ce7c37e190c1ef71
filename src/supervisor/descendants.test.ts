import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { afterEach, expect, test } from "vitest";
import { withDeadline } from "../env/deadline.ts";
import { nodeClock } from "../env/node/clock.ts";
import { allGone, descendantsOf, freeze, signalAll } from "./descendants.ts";
import { identify, isAlive } from "../env/node/process-id.ts";

const never = new AbortController().signal;
const started: ChildProcess[] = [];

afterEach(() => {
  for (const child of started.splice(0)) child.kill("SIGKILL");
});

/** A shell with two children of its own, each of them a `sleep`. */
async function family(): Promise<number> {
  const child = spawn("sh", ["-c", "sleep 60 & sleep 60 & echo ready; wait"], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  started.push(child);
  await once(child.stdout, "data");
  return child.pid ?? 0;
}

test("descendants are the process itself and all below it", async () => {
  const pid = await family();
  const found = descendantsOf(pid);
  expect(found).toHaveLength(3);
  expect(found[0]).toEqual(identify(pid));
  expect(found.every(isAlive)).toBe(true);
});

test("a family that is frozen and killed is gone whole", async () => {
  const pid = await family();
  const doomed = freeze(() => descendantsOf(pid));
  expect(doomed).toHaveLength(3);
  signalAll(doomed, "SIGKILL");
  const deadline = { ms: 5_000, expired: () => new Error("a process outlived SIGKILL") };
  await withDeadline(nodeClock, deadline, never, (signal) => allGone(doomed, nodeClock, signal));
  expect(doomed.some(isAlive)).toBe(false);
});

test("a process that ended has no descendants, and is no longer alive", async () => {
  const child = spawn("true", { stdio: "ignore" });
  const one = identify(child.pid ?? 0);
  await once(child, "exit");
  expect(descendantsOf(child.pid ?? 0)).toEqual([]);
  expect(one && isAlive(one)).toBe(false);
});

test.runIf(process.platform === "linux")("a number that a stranger has now is not ours", () => {
  const own = identify(process.pid);
  expect(own && isAlive(own)).toBe(true);
  expect(isAlive({ pid: process.pid, born: "1" })).toBe(false);
});
