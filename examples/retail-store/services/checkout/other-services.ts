/** What a checkout asks of the other services of its Region. Their answers are read as strictly as anybody's. */
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { serviceClient } from "../shared/client.ts";
import { toCents } from "../shared/money.ts";
import { Refusal, Unavailable } from "../shared/refusal.ts";
import type { Visits } from "../shared/servers.ts";
import type { PlacedOrder } from "./state.ts";
import type { Complete } from "./transitions.ts";
import type { Priced, Product } from "./view.ts";

/** 2 s: an order stands whether its cart is empty or not, and its customer waits for the number. */
const takeFromCartMsMax = 2_000;

const productsSchema = z.object({
  product_items: z.array(z.object({ id: z.number(), name: z.string(), price: z.number() })),
});

const orderSchema = z.object({
  id: z.number().int(),
  email: z.string(),
  items: z.array(
    z.object({
      productId: z.number(),
      name: z.string(),
      quantity: z.number(),
      price: z.number(),
      totalCost: z.number(),
    }),
  ),
  subtotal: z.number(),
  tax: z.number(),
  shipping: z.number(),
  total: z.number(),
});

export type Told = Visits & { readonly seen: string | undefined };

export type OrderRequest = {
  readonly idempotencyKey: string;
  readonly contents: Complete;
  /** As they were shown: the order service refuses what is not its own price. */
  readonly lines: Priced["items"];
  /** What the session has to see. */
  readonly seen: string | undefined;
};

export type OrderAnswer = { readonly order: PlacedOrder; readonly told: Told };

export interface OtherServices {
  /** Those of `ids` that are sold. @throws Unavailable, Refusal */
  products(
    ids: readonly number[],
  ): Promise<{ readonly products: readonly Product[]; readonly told: Told }>;
  /** @throws Refusal what the order service refuses: nothing was ordered; Unavailable when nobody knows */
  placeOrder(request: OrderRequest): Promise<OrderAnswer>;
  /** Takes these products out of the cart. False when not all could be taken now; never throws. */
  takeFromCart(customer: string, productIds: readonly number[]): Promise<boolean>;
  close(): Promise<void>;
}

export type Addresses = {
  readonly PRODUCT_URL: string;
  readonly ORDER_URL: string;
  readonly CART_URL: string;
};

/** Over HTTP, at the addresses that Leeward gave. */
export function otherServices(addresses: Addresses): OtherServices {
  const product = serviceClient("product", addresses.PRODUCT_URL);
  const order = serviceClient("order", addresses.ORDER_URL);
  const cart = serviceClient("cart", addresses.CART_URL);
  return {
    products: async (ids) => {
      if (ids.length === 0) return { products: [], told: nothing };
      const answer = await product.call(
        "GET",
        `/products/getproducts?productlist=${ids.join(",")}`,
      );
      const { product_items: items } = parsed("product", productsSchema, answer.body);
      const products = items.map(({ id, name, price }) => ({
        id,
        name,
        priceCents: toCents(price),
      }));
      return { products, told: answer };
    },
    placeOrder: async (request) => {
      const { idempotencyKey, seen } = request;
      const headers = { "idempotency-key": idempotencyKey };
      const body = bodyOf(request);
      const answer = await order.call("POST", "/orders", { headers, seen, body }).catch(asConflict);
      const { id: orderId, items, ...rest } = parsed("order", orderSchema, answer.body);
      const lines = items.map(({ productId, ...line }) => ({ id: productId, ...line }));
      return { order: { orderId, items: lines, ...rest }, told: answer };
    },
    takeFromCart: (customer, productIds) => {
      const items = `/carts/${encodeURIComponent(customer)}/items`;
      return inTime(Promise.all(productIds.map((id) => cart.call("DELETE", `${items}/${id}`))));
    },
    close: async () => {
      await Promise.all([product.close(), order.close(), cart.close()]);
    },
  };
}

const nothing: Told = { read: undefined, wrote: undefined, seen: undefined };

/** The same request makes the same body: the order service compares what comes twice with one key. */
function bodyOf({ contents, lines }: OrderRequest): Readonly<Record<string, unknown>> {
  const { firstName, lastName } = contents.shippingAddress;
  return {
    customer: contents.customer,
    firstName,
    lastName,
    email: contents.customerEmail,
    address: contents.shippingAddress,
    delivery: contents.deliveryOptionToken,
    cardLast4: contents.payment.cardLast4,
    items: lines.map(({ id: productId, quantity, price }) => ({ productId, quantity, price })),
  };
}

/** In the words of the order service. Its 404 is a product's; to our callers a 404 is a checkout that is not there. */
function asConflict(error: unknown): never {
  if (error instanceof Refusal) throw new Refusal(409, error.code, error.message);
  throw error;
}

function parsed<T extends z.ZodType>(name: string, schema: T, body: unknown): z.output<T> {
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  throw new Unavailable(`The ${name} service answered something else than it should.`, {
    cause: result.error,
  });
}

async function inTime(call: Promise<unknown>): Promise<boolean> {
  const end = new AbortController();
  const late = sleep(takeFromCartMsMax, false, end).catch(() => false);
  const done = await Promise.race([call.then(() => true).catch(() => false), late]);
  end.abort();
  return done;
}
