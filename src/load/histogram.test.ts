import fc from "fast-check";
import { expect, test } from "vitest";
import { Histogram } from "./histogram.ts";

const anyMs = fc.double({ min: 0, max: 130_000, noNaN: true });

test("a quantile is within 1 % (or half a microsecond) of that of all values, sorted", () => {
  const anyValues = fc.array(anyMs, { minLength: 1, maxLength: 200 });
  fc.assert(
    fc.property(anyValues, fc.constantFrom(0.01, 0.5, 0.95, 0.99, 1), (values, share) => {
      const histogram = new Histogram();
      for (const ms of values) histogram.record(ms);
      const sorted = values.toSorted((a, b) => a - b);
      const exact = sorted[Math.ceil(share * sorted.length) - 1] ?? 0;
      expect(Math.abs(histogram.quantileMs(share) - exact)).toBeLessThanOrEqual(
        exact * 0.01 + 0.000_501,
      );
    }),
  );
});

test("two histograms added are one of all their values", () => {
  fc.assert(
    fc.property(fc.array(anyMs), fc.array(anyMs), (some, others) => {
      const [one, two, all] = [new Histogram(), new Histogram(), new Histogram()];
      for (const ms of some) one.record(ms);
      for (const ms of others) two.record(ms);
      for (const ms of [...some, ...others]) all.record(ms);
      one.add(two);
      expect([one.count, one.maxMs, one.quantileMs(0.5)]).toEqual([
        all.count,
        all.maxMs,
        all.quantileMs(0.5),
      ]);
    }),
  );
});

test("no quantile is above the longest, which is exact, and what is longer than it can hold counts", () => {
  const histogram = new Histogram();
  histogram.record(2.345_678);
  expect(histogram.quantileMs(0.99)).toBeLessThanOrEqual(2.345_678);
  histogram.record(1e9);
  expect([histogram.count, histogram.maxMs]).toEqual([2, 1e9]);
  expect(histogram.quantileMs(1)).toBeGreaterThan(130_000);
});

test("an empty one, and one that was cleared, says 0", () => {
  const histogram = new Histogram();
  expect(histogram.quantileMs(0.5)).toBe(0);
  histogram.record(5);
  histogram.clear();
  expect([histogram.count, histogram.maxMs, histogram.quantileMs(0.5)]).toEqual([0, 0, 0]);
});
