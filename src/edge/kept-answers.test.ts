import { expect, test } from "vitest";
import { isKeepable, KeptAnswers, keepForMs, type KeptAnswer } from "./kept-answers.ts";

const answer = (bytes: number, change: Partial<KeptAnswer> = {}): KeptAnswer => ({
  status: 200,
  headers: [],
  body: Buffer.alloc(bytes),
  fromMs: 0,
  untilMs: 1_000,
  generation: 0,
  ...change,
});

test("an answer is kept until its time, or until an invalidation", () => {
  const kept = new KeptAnswers({ keptBytesMax: 10_000, keptAnswerBytesMax: 5_000 });
  kept.keep("a", answer(10));
  expect(kept.find("a", 0, 999)).toBeDefined();
  expect(kept.find("a", 0, 1_000)).toBeUndefined();
  kept.keep("a", answer(10));
  expect(kept.find("a", 1, 0)).toBeUndefined();
});

test("the one that was used longest ago goes first, and a large one is not kept at all", () => {
  const kept = new KeptAnswers({ keptBytesMax: 10_000, keptAnswerBytesMax: 5_000 });
  for (const key of ["a", "b", "c"]) kept.keep(key, answer(2_000));
  kept.find("a", 0, 0);
  kept.keep("d", answer(2_000));
  expect(["a", "b", "c", "d"].map((key) => kept.find(key, 0, 0) !== undefined)).toEqual([
    true,
    false,
    true,
    true,
  ]);
  kept.keep("e", answer(6_000));
  expect(kept.find("e", 0, 0)).toBeUndefined();
});

test.for([
  ["GET", [], true],
  ["HEAD", [], false],
  ["POST", [], false],
  ["GET", ["Authorization", "x"], false],
  ["GET", ["Cookie", "x"], false],
  ["GET", ["Range", "bytes=0-1"], false],
  ["GET", ["Cache-Control", "no-cache"], false],
] as const)("%s with %o may be kept: %s", ([method, headers, expected]) => {
  expect(isKeepable(method, headers)).toBe(expected);
});

test.for([
  [200, [], 500],
  [200, ["cache-control", "max-age=2"], 2_000],
  [200, ["Cache-Control", "max-age=2, s-maxage=3"], 3_000],
  [200, ["cache-control", "max-age=0"], 0],
  [200, ["cache-control", "private"], 0],
  [200, ["cache-control", "no-store"], 0],
  [200, ["set-cookie", "a=1"], 0],
  [200, ["vary", "accept"], 0],
  [404, [], 0],
  [206, [], 0],
] as const)("%i with %o is kept for %i ms", ([status, headers, ms]) => {
  expect(keepForMs(status, headers, 500)).toBe(ms);
});

test("long keys and headers count as well", () => {
  const kept = new KeptAnswers({ keptBytesMax: 10_000, keptAnswerBytesMax: 5_000 });
  for (const key of ["a", "b", "c"]) kept.keep(key.repeat(3_000), answer(0));
  expect(kept.find("a".repeat(3_000), 0, 0)).toBeUndefined();
  kept.keep("d", answer(0, { headers: ["x-long", "x".repeat(5_000)] }));
  expect(kept.find("d", 0, 0)).toBeUndefined();
});
