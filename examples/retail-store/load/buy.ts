/** Filling a cart, and buying what is in it, as a guest. */
import { randomUUID } from "node:crypto";
import { addToCart, findProduct } from "./browse.ts";
import { fill } from "./read-form.ts";
import { astray, linksOf, wordsOf } from "./read-page.ts";
import type { Page, Visitor } from "./visitor.ts";

/** An order that somebody was told of: from then on it must not be lost, and be there once. */
export type ConfirmedOrder = {
  readonly orderId: number;
  /** Of this purchase alone: two orders with it are one that was doubled. */
  readonly email: string;
  readonly productId: number;
  readonly quantity: number;
  /** Which Region answered. */
  readonly region: string | undefined;
};

const firstNames = ["Ada", "Bruno", "Chidi", "Dana", "Emre", "Freya", "Grace", "Hugo"];
const lastNames = ["Almeida", "Brandt", "Costa", "Diallo", "Eklund", "Fischer", "Garcia"];
const cities = ["Port Elwood", "Sandhaven", "Westquay", "Gull Harbor"];

/** Into the cart, in another number, and out again. */
export async function fillCart(visitor: Visitor): Promise<void> {
  visitor.forget();
  const productId = productOf(await putIntoCart(visitor, 1));
  visitor.step("cart");
  const cart = await visitor.get("/cart");
  const update = fill(cart, "/cart/update", { qty: 2 });
  visitor.step("change the cart");
  const changed = await visitor.post("/cart/update", update);
  if (productOf(changed) !== productId) astray(`A cart with product ${productId}`, changed);
  visitor.step("take out of the cart");
  const remove = fill(changed, "/cart/removeFromCart");
  const emptied = await visitor.post("/cart/removeFromCart", remove);
  if (linksOf(emptied, /^\/checkout$/).length > 0) astray("An empty cart", emptied);
}

/** From the first page to the page of the order. `confirmed` is told as soon as the shop has said its number. */
export async function buy(
  visitor: Visitor,
  confirmed: (order: ConfirmedOrder) => void,
): Promise<void> {
  visitor.forget();
  const email = `guest-${randomUUID()}@example.com`;
  const quantity = visitor.pick([1, 1, 1, 2]);
  const productId = productOf(await putIntoCart(visitor, quantity));
  visitor.step("checkout");
  const address = await visitor.get("/checkout");
  const delivery = await send(
    visitor,
    address,
    { name: "address", to: "/checkout" },
    {
      firstName: visitor.pick(firstNames),
      lastName: visitor.pick(lastNames),
      email,
      address1: `${1 + Math.floor(visitor.random() * 200)} Harbor Road`,
      zip: "04101",
      city: visitor.pick(cities),
    },
  );
  const payment = await send(
    visitor,
    delivery,
    { name: "delivery", to: "/checkout/delivery" },
    {
      deliveryOptionToken: visitor.pick(["priority-mail", "express"]),
    },
  );
  const whole = await send(
    visitor,
    payment,
    { name: "payment", to: "/checkout/payment" },
    {
      number: "4242 4242 4242 4242",
      expires: `12/${(new Date().getUTCFullYear() + 2) % 100}`,
      code: "123",
    },
  );
  if (!whole.text().includes(email)) astray(`A summary for ${email}`, whole);
  visitor.step("confirmation");
  const order = await visitor.post(toOrder, fill(whole, toOrder), { expect: [409] });
  // Somebody else was faster to the last piece: no fault of the shop's.
  if (order.status === 409 && /sold out|are left/.test(order.text())) return;
  const orderId = orderIdOf(order);
  if (orderId === undefined) astray("The number of an order", order);
  confirmed({ orderId, email, productId, quantity, region: order.header("x-leeward-region") });
  await lookAtOrder(visitor, orderId, email);
}

/** Whoever has bought sees it at once, wherever it was written. */
async function lookAtOrder(visitor: Visitor, orderId: number, email: string): Promise<void> {
  visitor.step("orders");
  const orders = await visitor.get("/orders");
  const [path] = linksOf(orders, new RegExp(`^/orders/${orderId}$`));
  if (path === undefined) astray(`A list with order ${orderId}`, orders);
  visitor.step("order");
  const order = await visitor.get(path);
  if (orderIdOf(order) !== orderId || !order.text().includes(email)) {
    astray(`Order ${orderId} of ${email}`, order);
  }
}

/** The cart, with a product in it. */
async function putIntoCart(visitor: Visitor, qty: number): Promise<Page> {
  const product = await findProduct(visitor);
  visitor.step("add to cart");
  const cart = await visitor.post(addToCart, fill(product, addToCart, { qty }));
  if (linksOf(cart, /^\/checkout$/).length === 0) astray("A cart that leads to the checkout", cart);
  return cart;
}

const toOrder = "/checkout/confirm";

type Step = { readonly name: string; readonly to: string };

async function send(
  visitor: Visitor,
  page: Page,
  { name, to }: Step,
  values: Readonly<Record<string, string | number>> = {},
): Promise<Page> {
  const form = fill(page, to, values);
  visitor.step(name);
  return await visitor.post(to, form);
}

/** The number of the product in a cart of one. */
function productOf(cart: Page): number {
  const id = Number(fill(cart, "/cart/update")["productId"]);
  return Number.isSafeInteger(id) ? id : astray("A cart with a product", cart);
}

/** Undefined where address and heading do not say the same. */
function orderIdOf(page: Page): number | undefined {
  const [, inPath] = /^\/orders\/(\d+)(?:\?|$)/.exec(page.path) ?? [];
  const [, inHeading] = /^Order (\d+)$/.exec(wordsOf(page).heading) ?? [];
  return inPath !== undefined && inPath === inHeading ? Number(inPath) : undefined;
}
