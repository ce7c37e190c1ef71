import { beforeEach, expect, test } from "vitest";
import { PassedRun } from "./passed-run.ts";

const chunk = Buffer.from("0123456789");
let passed: Buffer[];
let run: PassedRun;

beforeEach(() => {
  passed = [];
  run = new PassedRun((bytes) => void passed.push(bytes));
  run.enter(chunk);
});

const texts = (): readonly string[] => passed.map(String);

test("messages that follow each other leave as one view of the chunk", () => {
  run.extend(chunk, 0, 3);
  run.extend(chunk, 3, 7);
  expect(texts()).toEqual([]);
  run.flush();
  expect(texts()).toEqual(["0123456"]);
  expect(passed[0]?.buffer).toBe(chunk.buffer);
});

test("what is left out between them parts a run in two, in order", () => {
  run.extend(chunk, 0, 2);
  run.extend(chunk, 5, 7);
  run.flush();
  run.flush();
  expect(texts()).toEqual(["01", "56"]);
});

test("bytes of other memory leave at once, behind what came before, as a copy", () => {
  const other = Buffer.from("abc");
  run.extend(chunk, 0, 2);
  run.extend(other, 0, 3);
  other.fill("x");
  run.extend(chunk, 2, 4);
  run.flush();
  expect(texts()).toEqual(["01", "abc", "23"]);
});

test("what is dropped never leaves", () => {
  run.extend(chunk, 0, 2);
  run.drop();
  run.extend(chunk, 4, 5);
  run.flush();
  expect(texts()).toEqual(["4"]);
});
