import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { nodeFiles } from "../env/node/files.ts";
import { acquireWorldLock, isWorldLocked } from "./world-lock.ts";

let directory: string;
let path: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "leeward-lock-"));
  path = join(directory, "supervisor.lock");
});

afterEach(() => rmSync(directory, { recursive: true }));

test("a lock that nobody took is free, and looking does not make it", () => {
  expect(isWorldLocked(nodeFiles, path)).toBe(false);
  expect(nodeFiles.exists(path)).toBe(false);
});

test("a lock is had once, and again as soon as it was released", () => {
  const lock = acquireWorldLock(path);
  expect(isWorldLocked(nodeFiles, path)).toBe(true);
  expect(acquireWorldLock(path)).toBeUndefined();
  lock?.release();
  lock?.release();
  expect(isWorldLocked(nodeFiles, path)).toBe(false);
  const next = acquireWorldLock(path);
  expect(next).toBeDefined();
  next?.release();
});

test("a process that is killed with the lock in its hand leaves it free", async () => {
  const script = `
    import Database from "libsql";
    const database = new Database(process.argv[1]);
    database.exec("BEGIN EXCLUSIVE");
    console.log("held");
    setInterval(() => database, 1000);`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script, path], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = once(child, "exit");
  await once(child.stdout, "data");
  expect(isWorldLocked(nodeFiles, path)).toBe(true);
  expect(acquireWorldLock(path)).toBeUndefined();
  child.kill("SIGKILL");
  await ended;
  expect(isWorldLocked(nodeFiles, path)).toBe(false);
});
