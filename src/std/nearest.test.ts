import fc from "fast-check";
import { expect, test } from "vitest";
import { editDistance, nearest } from "./nearest.ts";

const words = fc.string({ maxLength: 12 });

test.for([
  ["regons", "regions"],
  ["us_east_1", "us-east-1"],
  ["US-EAST-1", "us-east-1"],
  ["us-eats-1", "us-east-1"],
  ["dabatases", "databases"],
] as const)("%s is nearest to %s", ([word, meant]) => {
  expect(nearest(word, ["name", "regions", "databases", "us-east-1", "us-west-2"])).toBe(meant);
});

test("a word that resembles nothing has no nearest", () => {
  expect(nearest("kubernetes", ["name", "regions", "databases"])).toBeUndefined();
  expect(nearest("x", [])).toBeUndefined();
});

test("the distance is zero exactly between equal words, and the same in both directions", () => {
  fc.assert(
    fc.property(words, words, (a, b) => {
      expect(editDistance(a, b) === 0).toBe(a === b);
      expect(editDistance(a, b)).toBe(editDistance(b, a));
      expect(editDistance(a, b)).toBeLessThanOrEqual(Math.max(a.length, b.length));
    }),
  );
});
