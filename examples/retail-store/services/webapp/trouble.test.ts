import { expect, test } from "vitest";
import { Refusal, Unavailable } from "../shared/refusal.ts";
import { ForeignForm, troubleOf } from "./trouble.ts";

const post = { method: "POST", path: "/checkout/confirm" };
const get = { method: "GET", path: "/products/fashion" };

test("what is sold out is told in the words of who knows it, with a way to mend it", () => {
  const refusal = new Refusal(409, "sold-out", "of Minuet, only 2 are left.");
  expect(troubleOf(refusal, post)).toMatchObject({
    status: 409,
    title: "There is not enough left",
    text: "of Minuet, only 2 are left.",
    link: { path: "/cart" },
  });
});

test("a new price, and a form that has a new key, are looked at where they are shown", () => {
  for (const code of ["price-differs", "key-reused"]) {
    const refusal = new Refusal(409, code, "This costs $5.00 now.");
    expect(troubleOf(refusal, post).link.path).toBe("/checkout/confirm");
  }
});

test("what is away may be tried again, by a link where that asks for the same", () => {
  const away = new Unavailable("The product service does not answer.");
  expect(troubleOf(away, get)).toMatchObject({
    status: 503,
    text: "The product service does not answer.",
    link: { path: get.path, text: "Try again" },
  });
  expect(troubleOf(away, post).text).toContain("look at your orders first");
});

test("a form that is not ours, one that is too large, and a broken page have their own pages", () => {
  expect(troubleOf(new ForeignForm(), post)).toMatchObject({
    status: 403,
    link: { path: "/checkout" },
  });
  expect(troubleOf(Object.assign(new Error(), { statusCode: 413 }), post).status).toBe(413);
  expect(troubleOf(Object.assign(new Error(), { statusCode: 415 }), post).status).toBe(400);
  expect(troubleOf(new Refusal(404, "not-found", "no"), get).status).toBe(404);
});

test("nothing of an unexpected error is shown", () => {
  const { status, title, text } = troubleOf(new Error("password=hunter2"), get);
  expect([status, `${title} ${text}`.includes("hunter2")]).toEqual([500, false]);
});
