import { expect, test } from "vitest";
import { Draws } from "./draws.ts";

function firstOf(seed: number): readonly number[] {
  const draws = new Draws(seed);
  return Array.from({ length: 1_000 }, () => draws.next());
}

test("the same seed draws the same, another one something else, all of it in [0, 1)", () => {
  expect(firstOf(7)).toEqual(firstOf(7));
  expect(firstOf(7)).not.toEqual(firstOf(8));
  expect(firstOf(1).every((drawn) => drawn >= 0 && drawn < 1)).toBe(true);
});

test("what is drawn is spread out, also at the start of neighbouring seeds", () => {
  const mean = (numbers: readonly number[]): number =>
    numbers.reduce((sum, one) => sum + one, 0) / numbers.length;
  expect(mean(firstOf(1))).toBeCloseTo(0.5, 1);
  const starts = Array.from({ length: 1_000 }, (_, seed) => new Draws(seed).next());
  expect(mean(starts)).toBeCloseTo(0.5, 1);
});
