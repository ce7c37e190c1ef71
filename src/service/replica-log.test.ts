import { appendFileSync, existsSync, readFileSync, statSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { removeTree } from "../env/node/remove-tree.ts";
import { lastLines, logTail, sizeOf } from "../env/node/log-end.ts";
import { boundLog } from "./replica-log.ts";

let directory: string;
let path: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "leeward-log-"));
  path = join(directory, "web-1.log");
});

afterEach(() => removeTree(directory));

const bound = (): Promise<boolean> => boundLog(path, 100);

test("a log within its bound is left alone, and so is one that is not there", async () => {
  expect(await bound()).toBe(false);
  appendFileSync(path, "x".repeat(100));
  expect(await bound()).toBe(false);
  expect(statSync(path).size).toBe(100);
  expect(existsSync(`${path}.1`)).toBe(false);
});

test("of a log that is too long the end is kept, and two older ones, none with more than the bound", async () => {
  for (const letter of "abcd") {
    appendFileSync(path, `${letter.repeat(10_000)}${letter.toUpperCase()}\n`);
    expect(await bound()).toBe(true);
    expect(statSync(path).size).toBe(0);
  }
  expect(readFileSync(`${path}.1`, "utf8")).toBe(`${"d".repeat(98)}D\n`);
  expect(readFileSync(`${path}.2`, "utf8")).toBe(`${"c".repeat(98)}C\n`);
  expect(existsSync(`${path}.3`)).toBe(false);
});

test("the last words are those of this start, also when the log was emptied since", async () => {
  appendFileSync(path, "of an earlier start\n");
  const from = await sizeOf(path);
  appendFileSync(path, "one\n\ntwo\n");
  expect(await logTail(path, from)).toBe("one; two");
  await boundLog(path, 1);
  appendFileSync(path, "three\n");
  expect(await logTail(path, from)).toBe("three");
  expect(await logTail(join(directory, "none"), 0)).toBe("");
});

test("colours and other orders to a terminal are no part of the last words", () => {
  expect(lastLines("\u001B[31mred\u001B[0m\u0007\nover\u001B[2J\u0000written\tnow\r\n")).toBe(
    "red; over written now ",
  );
});
