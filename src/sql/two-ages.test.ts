import { expect, test } from "vitest";
import { TwoAges } from "./two-ages.ts";

test("what is asked for again and again stays, whatever else comes", () => {
  const cache = new TwoAges<number>(10, 1000);
  cache.set("kept", 1);
  for (let index = 0; index < 1000; index += 1) {
    cache.set(`passing ${index}`, index);
    expect(cache.get("kept")).toBe(1);
  }
});

test("what nobody asks for is forgotten", () => {
  const cache = new TwoAges<number>(10, 1000);
  cache.set("left", 1);
  for (let index = 0; index < 10; index += 1) cache.set(`passing ${index}`, index);
  expect(cache.get("left")).toBeUndefined();
});

test("its keys stay within their size", () => {
  const cache = new TwoAges<number>(1000, 100);
  const keys = Array.from({ length: 50 }, (_, index) => `${index}`.padStart(10, "k"));
  for (const [index, key] of keys.entries()) cache.set(key, index);
  expect(keys.filter((key) => cache.get(key) !== undefined).length).toBeLessThanOrEqual(10);
});

test("a value that is set again is the new one", () => {
  const cache = new TwoAges<number>(4, 1000);
  cache.set("a", 1);
  cache.set("a", 2);
  expect(cache.get("a")).toBe(2);
});
