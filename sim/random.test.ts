import { expect, test } from "vitest";
import { registerRandomContract } from "../src/env/random-contract.ts";
import { SeededRandom } from "./random.ts";

registerRandomContract(() => new SeededRandom(1));

const drawTen = (random: SeededRandom): number[] =>
  Array.from({ length: 10 }, () => random.float());

test("one seed draws the same numbers again", () => {
  expect(drawTen(new SeededRandom(7))).toEqual(drawTen(new SeededRandom(7)));
  expect(new SeededRandom(7).hex(16)).toBe(new SeededRandom(7).hex(16));
});

test("two seeds draw different numbers", () => {
  expect(drawTen(new SeededRandom(7))).not.toEqual(drawTen(new SeededRandom(8)));
});

test("what a fork draws does not change what its origin draws", () => {
  const [quiet, busy] = [new SeededRandom(7), new SeededRandom(7)];
  quiet.fork();
  drawTen(busy.fork());
  expect(drawTen(busy)).toEqual(drawTen(quiet));
});
