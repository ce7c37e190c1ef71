import fc from "fast-check";
import { expect, test } from "vitest";
import { deliveries, deliveryTokens, totalsOf } from "./totals.ts";

const lines = fc.array(
  fc.record({
    quantity: fc.integer({ min: 1, max: 99 }),
    unitCents: fc.integer({ min: 1, max: 1_000_000 }),
  }),
  { maxLength: 50 },
);

test("a total is the sum of what is shown beside it, whatever is bought", () => {
  fc.assert(
    fc.property(lines, fc.constantFrom(...deliveryTokens), (bought, delivery) => {
      const { subtotalCents, taxCents, shippingCents, totalCents } = totalsOf(bought, delivery);
      expect(totalCents).toBe(subtotalCents + taxCents + shippingCents);
      expect(shippingCents).toBe(deliveries[delivery].cents);
      expect(Math.abs(taxCents - subtotalCents * 0.05)).toBeLessThanOrEqual(0.5);
    }),
  );
});

test("tax is 5 %, half a cent goes up, and it is rounded once for the order", () => {
  expect(totalsOf([{ quantity: 1, unitCents: 4_295 }], "express")).toEqual({
    subtotalCents: 4_295,
    taxCents: 215,
    shippingCents: 1_500,
    totalCents: 6_010,
  });
  expect(totalsOf([{ quantity: 1, unitCents: 10 }], undefined).taxCents).toBe(1);
  expect(totalsOf([{ quantity: 3, unitCents: 9 }], undefined).taxCents).toBe(1);
});
