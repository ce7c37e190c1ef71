import fc from "fast-check";
import { expect, test } from "vitest";
import type { Form } from "../form.ts";
import { newSession } from "../session.ts";
import type { Product } from "../shop/catalogue.ts";
import type { Checkout } from "../shop/checkout.ts";
import type { Order } from "../shop/orders.ts";
import { Visitor } from "../visitor.ts";
import { bestSellersPage, visitsPage } from "./about.ts";
import { accountPage, loginPage, registerPage } from "./account.ts";
import { cartPage } from "./cart.ts";
import { categoryPage, searchPage } from "./category.ts";
import { addressStep, confirmStep, deliveryStep, paymentStep } from "./checkout-steps.ts";
import { errorPage } from "./error.ts";
import { homePage } from "./home.ts";
import { layout } from "./layout.ts";
import { orderPage, ordersPage } from "./orders.ts";
import { productPage } from "./product.ts";

/** What people try, and whatever else can be typed. */
const hostile = fc.oneof(
  fc.constantFrom(
    `<script>alert(1)</script>`,
    `"><img src=x onerror=alert(1)>`,
    `' onmouseover='alert(1)`,
    `</textarea></title><svg onload=alert(1)>`,
    `&lt;b&gt;`,
    `<!--`,
    `]]>`,
    "!${x}",
    "`-->",
  ),
  fc.string({ unit: "grapheme", minLength: 1 }).map((text) => `x${text}<i "'&=>`),
);

/** The tags of a page with the names of their attributes: what somebody typed must not change them. */
function structureOf(page: string): readonly string[] {
  return [...page.matchAll(/<[^>]*>/g)].map(([tag]) => tag.replaceAll(/="[^"]*"/g, ""));
}

test("whatever people and databases say, no page gains a tag or an attribute", () => {
  const harmless = pagesWith("plain").map(structureOf);
  fc.assert(
    fc.property(hostile, (text) => {
      expect(pagesWith(text).map(structureOf)).toEqual(harmless);
    }),
    // Each run is of some twenty pages.
    { numRuns: 40 },
  );
});

/** Each page, with `text` wherever words come from outside. */
function pagesWith(text: string): readonly string[] {
  const user = { id: text, name: text, email: text, since: 0 };
  const wrote = { address: text, ms: 1, at: 0 };
  const visitor = new Visitor({
    session: { ...newSession(0), user, wrote },
    key: "k",
    place: { region: text, replica: 1 },
    nowMs: 0,
  });
  visitor.read = { address: text, ms: 1 };
  const product = productOf(text);
  const form = formOf(text);
  const checkout = checkoutOf(text);
  const order = orderOf(text);
  const list = { product_items: [product], page: 2, size: 1, total: 3, pages: 3 };
  const query = { category: text, page: 2, sort: "price", tag: text } as const;
  const pages = [
    homePage([product]),
    categoryPage({ name: text, displayName: text }, list, query),
    categoryPage({ name: text, displayName: text }, { ...list, product_items: [] }, query),
    searchPage(text, list),
    productPage(visitor, product, [{ username: text, rating: 3, review: text }]),
    cartPage(visitor, [
      { id: 2, product, quantity: 9 },
      { id: 3, product: undefined, quantity: 1 },
    ]),
    addressStep(visitor, form, checkout),
    deliveryStep(visitor, checkout, form),
    paymentStep(visitor, form, checkout),
    confirmStep(visitor, checkout),
    orderPage(visitor, order),
    ordersPage(visitor, { orders: [order], page: 1, pages: 2 }),
    loginPage(visitor, form, text),
    registerPage(visitor, form, text),
    accountPage(visitor, user, form),
    visitsPage(visitor),
    bestSellersPage([product], 30),
    errorPage({ status: 409, title: text, text, link: { path: text, text } }),
  ];
  const category = text;
  return pages.map((main) =>
    layout(visitor, text, { title: text, main, note: text, searched: text, category }),
  );
}

function productOf(text: string): Product {
  return {
    id: 2,
    name: text,
    description: text,
    img_url: text,
    category: text,
    inventory: 3,
    price: 42.95,
    rating: 4.5,
    reviews: 2,
    tags: [text],
  };
}

function formOf(text: string): Form {
  const names = ["firstName", "lastName", "email", "address1", "number", "expires", "fname"];
  const all = Object.fromEntries(names.map((name) => [name, text]));
  return { values: all, errors: { ...all, [text]: text }, problem: text };
}

function checkoutOf(text: string): Checkout {
  const address = { firstName: text, lastName: text, address1: text, address2: text };
  return {
    id: text,
    idempotencyKey: text,
    status: "open",
    items: [{ id: 2, name: text, quantity: 1, price: 42.95, totalCost: 42.95 }],
    subtotal: 42.95,
    tax: 2.15,
    shipping: 5,
    total: 50.1,
    shippingRates: { rates: [{ name: text, amount: 5, token: text, estimatedDays: 10 }] },
    deliveryOptionToken: text,
    shippingAddress: { ...address, city: text, state: text, zip: text, country: text },
    customerEmail: text,
    cardLast4: text,
    fallback: true,
  };
}

function orderOf(text: string): Order {
  const { subtotal, tax, shipping, total, shippingAddress } = checkoutOf(text);
  return {
    id: 4,
    status: "placed",
    firstName: text,
    lastName: text,
    email: text,
    address: shippingAddress ?? null,
    delivery: "express",
    cardLast4: text,
    items: [{ productId: 2, name: text, quantity: 1, price: 42.95, totalCost: 42.95 }],
    subtotal,
    tax,
    shipping,
    total,
    region: text,
    createdAt: text,
  };
}
