import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, test } from "vitest";
import { isProcessAlive, killProcess, processBirth } from "./process-life.ts";

test("a process lives until it is killed, and nobody minds a second kill", async () => {
  const child = spawn("sleep", ["60"], { stdio: "ignore" });
  const pid = child.pid ?? 0;
  expect(isProcessAlive(pid)).toBe(true);
  const ended = once(child, "exit");
  killProcess(pid);
  await ended;
  expect(isProcessAlive(pid)).toBe(false);
  killProcess(pid);
});

test.runIf(process.platform === "linux")(
  "a process that has ended and that nobody has reaped does not live",
  async () => {
    // The shell becomes a sleep, which reaps no child.
    const script = "sleep 0 & echo $!; exec sleep 60";
    const parent = spawn("sh", ["-c", script], { stdio: ["ignore", "pipe", "ignore"] });
    try {
      const [said] = (await once(parent.stdout, "data")) as [Buffer];
      await expect.poll(() => isProcessAlive(Number(said.toString()))).toBe(false);
    } finally {
      parent.kill("SIGKILL");
    }
  },
);

test("a process keeps its birth, and one that is gone has none", async () => {
  const child = spawn("sleep", ["60"], { stdio: "ignore" });
  const pid = child.pid ?? 0;
  const born = processBirth(pid);
  expect(born).toMatch(/\S/);
  expect(processBirth(pid)).toBe(born);
  expect(processBirth(process.pid)).not.toBe(born);
  const ended = once(child, "exit");
  killProcess(pid);
  await ended;
  expect(processBirth(pid)).toBeUndefined();
});
