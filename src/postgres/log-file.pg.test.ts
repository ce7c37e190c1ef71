import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { logTail } from "../env/node/log-end.ts";
import { boundLog, LOG_BYTES_MAX, openLog } from "./log-file.ts";

let directory = "";
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "leeward-log-"));
});
afterEach(async () => rm(directory, { recursive: true }));

const tooMuch = "x".repeat(LOG_BYTES_MAX + 1);

test("the log of a running program is bounded, and it goes on writing at the beginning", async () => {
  const path = join(directory, "postgres.log");
  await writeFile(path, tooMuch);
  const log = await openLog(path);
  expect((await stat(path)).size).toBe(0);
  const program = spawn("sh", ["-c", "echo before; read line; echo after"], {
    stdio: ["pipe", log.fd, log.fd],
  });
  await log.close();
  await writeFile(path, tooMuch, { flag: "a" });
  await boundLog(path);
  expect((await stat(`${path}.1`)).size).toBeGreaterThan(LOG_BYTES_MAX);
  program.stdin?.end("go\n");
  await once(program, "close");
  expect((await readFile(path, "utf8")).endsWith("after\n")).toBe(true);
  expect((await stat(path)).size).toBeLessThan(100);
});

test("the last lines are those after a place, and of a missing log there are none", async () => {
  const path = join(directory, "postgres.log");
  await writeFile(path, "old\none\n\ntwo\n");
  expect(await logTail(path, 4)).toBe("one; two");
  expect(await logTail(path, 0)).toBe("old; one; two");
  expect(await logTail(join(directory, "none"), 0)).toBe("");
});
