import { expect, test } from "vitest";
import { mustCost, priced, viewOf } from "./view.ts";

const watch = { id: 2, name: "Watch", priceCents: 4_295 };
const contents = {
  items: [
    { id: 2, quantity: 2 },
    { id: 3, quantity: 1 },
  ],
  deliveryOptionToken: "express" as const,
  payment: { paymentToken: "tok_1", cardLast4: "4242" },
};
const state = {
  status: "open" as const,
  version: 1,
  idempotencyKey: "5f9c6b0e-6f0f-4f8e-9b77-3f1a6a2f9d10",
  shipmentId: "5f9c6b0e-6f0f-4f8e-9b77-3f1a6a2f9d11",
  contents,
};

test("a checkout costs what its products cost now, with tax and delivery", () => {
  expect(priced(contents, [watch])).toEqual({
    items: [{ id: 2, name: "Watch", quantity: 2, price: 42.95, totalCost: 85.9 }],
    subtotal: 85.9,
    tax: 4.3,
    shipping: 15,
    total: 105.2,
  });
});

test("of a card, people see the end, and of its token nothing", () => {
  const view = viewOf({ id: "a", state, now: priced(contents, [watch]), isFallback: true });
  expect(view).toMatchObject({ cardLast4: "4242", fallback: true, total: 105.2, status: "open" });
  expect(JSON.stringify(view)).not.toContain("tok_1");
  expect(view.shippingRates.rates).toEqual([
    { name: "Priority Mail", amount: 5, token: "priority-mail", estimatedDays: 10 },
    { name: "Express", amount: 15, token: "express", estimatedDays: 5 },
  ]);
});

test("nobody pays another sum than the one that was shown", () => {
  const now = priced(contents, [watch]);
  expect(() => mustCost(105.2, now)).not.toThrow();
  expect(() => mustCost(undefined, now)).not.toThrow();
  expect(() => mustCost(100, now)).toThrow("this costs $105.20 now");
  expect(() => mustCost(undefined, priced(contents, []))).toThrow("sold any more");
});
