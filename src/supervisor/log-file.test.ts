import {
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { boundLog, closeLog, openLog } from "./log-file.ts";

let directory: string;
let path: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "leeward-log-"));
  path = join(directory, "controller.log");
});

afterEach(() => rmSync(directory, { recursive: true }));

test("a log is for its owner alone, and goes on where it ended", () => {
  for (const line of ["one\n", "two\n"]) {
    const log = openLog(path);
    writeSync(log, line);
    closeLog(log);
  }
  expect(readFileSync(path, "utf8")).toBe("one\ntwo\n");
  expect(statSync(path).mode & 0o777).toBe(0o600);
});

test("a log that has grown too large is moved aside while its program goes on writing", () => {
  const log = openLog(path);
  writeSync(log, "old\n");
  truncateSync(path, 17 * 1024 * 1024);
  boundLog(path);
  writeSync(log, "new\n");
  closeLog(log);
  expect(readFileSync(path, "utf8")).toBe("new\n");
  expect(statSync(`${path}.1`).size).toBe(17 * 1024 * 1024);
  expect(statSync(`${path}.1`).mode & 0o777).toBe(0o600);
});

test("a log of ordinary size, or none at all, is left alone", () => {
  boundLog(path);
  writeFileSync(path, "short\n");
  boundLog(path);
  expect(readFileSync(path, "utf8")).toBe("short\n");
});
