import fc from "fast-check";
import { html } from "ghtml";
import { expect, test } from "vitest";
import { emptyForm } from "../services/webapp/form.ts";
import { addressStep, deliveryStep, paymentStep } from "../services/webapp/pages/checkout-steps.ts";
import { Visitor } from "../services/webapp/visitor.ts";
import { fill, hasForm } from "./read-form.ts";
import type { Page } from "./visitor.ts";

const pageOf = (markup: string): Page => ({
  status: 200,
  path: "/here",
  header: () => undefined,
  text: () => markup,
});
const form = (fields: string): Page =>
  pageOf(
    `<form action="/other"><input name="x"></form><form method=post action='/go'>${fields}</form>`,
  );

test("hidden fields and what was filled in before are sent, buttons are not", () => {
  const page = form(`
    <input type="hidden" name="_csrf" value="a&amp;b&#34;">
    <INPUT name='kept' value=bare><input name="empty">
    <input type=submit name="s" value="1"><button name="b" value="1">Go</button>
    <input name="off" value="1" disabled>
    <textarea name="text">&lt;3</textarea>`);
  expect(fill(page, "/go")).toEqual({
    _csrf: 'a&b"',
    kept: "bare",
    empty: "",
    text: "<3",
  });
});

test("of choices, the one that is made is sent, or the one that is typed over it", () => {
  const page = form(`
    <input type="radio" name="way" value="slow" required checked><input type="radio" name="way" value="fast">
    <input type="checkbox" name="gift"><input type="checkbox" name="news" checked>
    <select name="sort"><option value="a">A</option><option value="b" selected>B</option></select>
    <select name="first"><option value="c">C</option></select>`);
  expect(fill(page, "/go", { way: "fast" })).toEqual({
    way: "fast",
    news: "on",
    sort: "b",
    first: "c",
  });
});

test("a form, or a field of it, that is not there is missed by name, with what is there instead", () => {
  const page = pageOf("<h1>One moment, <b>please</b></h1><form action='/go'><input name=a></form>");
  expect(hasForm(page, "/go")).toBe(true);
  expect(() => fill(page, "/pay")).toThrow(
    "A form to /pay was wanted; /here (200) says “One moment, please”",
  );
  expect(() => fill(page, "/go", { a: 1, b: 2 })).toThrow("A form to /go with b was wanted");
});

/** What servers escape, and what stands near it in an entity. */
const awkward = fc.string({ unit: fc.constantFrom(..."&<>\"'`=;#x60a é🐚\n") });

test("whatever a server escapes into a field comes out of it again", () => {
  fc.assert(
    fc.property(awkward, (value) => {
      const page = pageOf(html`<form action="/go"><input name="a" value="${value}"></form>`);
      expect(fill(page, "/go")).toEqual({ a: value });
    }),
  );
});

test("the forms of the checkout are read as they are", () => {
  const place = { region: "us-east-1", replica: 1 };
  const visitor = new Visitor({ session: undefined, key: "secret", place, nowMs: 0 });
  const rate = { name: "Express", amount: 15, token: "express", estimatedDays: 5 };
  const checkout = {
    id: "",
    status: "open" as const,
    idempotencyKey: "7c1b1f0e-5c5e-4a8e-9d5e-0c2b6f1a2b3c",
    items: [],
    subtotal: 0,
    tax: 0,
    shipping: 0,
    total: 0,
    shippingRates: { rates: [rate] },
    fallback: false,
  };
  const token = { _csrf: visitor.formToken() };
  const typed = { firstName: "Ann", lastName: "Lee", email: "ann@example.com" };
  const address = pageOf(addressStep(visitor, { values: typed, errors: {} }, undefined));
  const place1 = { address1: "1 Quay", zip: "1", city: "Port" };
  expect(fill(address, "/checkout", place1)).toMatchObject({ ...token, ...typed, ...place1 });
  const delivery = pageOf(deliveryStep(visitor, checkout, emptyForm));
  expect(fill(delivery, "/checkout/delivery")).toEqual({
    ...token,
    deliveryOptionToken: "express",
  });
  const payment = pageOf(paymentStep(visitor, emptyForm, checkout));
  const card = { number: "4242", expires: "12/40", code: "123" };
  expect(fill(payment, "/checkout/payment", card)).toEqual({ ...token, ...card });
});
