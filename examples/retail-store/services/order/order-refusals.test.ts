import { expect, test } from "vitest";
import { refusalOf } from "./order-refusals.ts";

test("what is sold out is named with what is left of it", () => {
  const detail = JSON.stringify([
    { productId: 2, name: "Watch", left: 0 },
    { productId: 3, name: "Scarf", left: 4 },
  ]);
  expect(refusalOf({ code: "RS001", detail })).toMatchObject({
    status: 409,
    code: "sold-out",
    message: "Nothing was ordered: Watch is sold out; of Scarf, only 4 are left.",
  });
});

test("a detail in another form still makes a refusal", () => {
  expect(refusalOf({ code: "RS001", detail: "?" })?.message).toContain("something is sold out");
});

test("other errors are not refusals", () => {
  for (const error of [undefined, null, new Error("x"), { code: "RS003" }, { code: "23514" }]) {
    expect(refusalOf(error)).toBeUndefined();
  }
});
