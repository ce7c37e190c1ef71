import { expect, test } from "vitest";
import { formatCents, fromCents, toCents } from "./money.ts";

test("every price keeps its cents there and back", () => {
  for (let cents = 0; cents < 100_000; cents += 7) expect(toCents(fromCents(cents))).toBe(cents);
});

test.each([1.005, Number.NaN, Number.POSITIVE_INFINITY, 1e20, 0.001])("%d is refused", (amount) => {
  expect(() => toCents(amount)).toThrow(RangeError);
});

test("people read dollars", () => {
  expect(formatCents(429_500)).toBe("$4,295.00");
});
