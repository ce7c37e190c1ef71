import { expect, test } from "vitest";
import { Refusal } from "../shared/refusal.ts";
import { priceOrder, type Wanted } from "./pricing.ts";

const offers = [
  { id: 2, name: "Watch", price: 42.95 },
  { id: 3, name: "Scarf", price: 19.99 },
];

function refusalFor(wanted: readonly Wanted[]): Refusal {
  try {
    priceOrder(wanted, offers, undefined);
  } catch (error) {
    if (error instanceof Refusal) return error;
  }
  throw new Error("it was not refused");
}

test("prices and names are the catalog's, and lines of one product become one", () => {
  const wanted = [
    { productId: 3, quantity: 1 },
    { productId: 2, quantity: 1, price: 42.95 },
    { productId: 3, quantity: 2 },
  ];
  expect(priceOrder(wanted, offers, "express")).toEqual({
    lines: [
      { productId: 2, name: "Watch", quantity: 1, unitPrice: 42.95 },
      { productId: 3, name: "Scarf", quantity: 3, unitPrice: 19.99 },
    ],
    subtotal: 102.92,
    tax: 5.15,
    shipping: 15,
  });
});

test("a price that is not the catalog's is refused, whether too low or too high, by however little", () => {
  for (const price of [0.01, 42.94, 42.96]) {
    const refusal = refusalFor([{ productId: 2, quantity: 1, price }]);
    expect(refusal).toMatchObject({ status: 409, code: "price-differs" });
  }
  const second = [
    { productId: 2, quantity: 1, price: 42.95 },
    { productId: 2, quantity: 1, price: 1 },
  ];
  expect(refusalFor(second)).toMatchObject({ status: 409 });
});

test("a product that the catalog lacks is refused by its number", () => {
  const refusal = refusalFor([{ productId: 99, quantity: 1 }]);
  expect(refusal).toMatchObject({ status: 404, message: "There is no product 99." });
});

test("a quantity is bounded by product, not by line", () => {
  const line = { productId: 2, quantity: 60 };
  expect(refusalFor([line, line])).toMatchObject({ status: 400, code: "too-many" });
});
