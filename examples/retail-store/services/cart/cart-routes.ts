/** `/carts`: what somebody means to buy, with prices from the product service. */
import type { FastifyReply } from "fastify";
import { Refusal, Unavailable } from "../shared/refusal.ts";
import { tellServers, type Service } from "../shared/service.ts";
import { addBody, customerParams, itemParams, mergeQuery, setBody } from "./cart-input.ts";
import type { Cart, Carts } from "./carts.ts";
import type { Prices } from "./prices.ts";

export type CartParts = { readonly carts: Carts; readonly prices: Prices };

type PricedItem = {
  readonly itemId: number;
  readonly quantity: number;
  /** Null: it is not sold any more, or, after a write, the product service could not be asked. */
  readonly unitPrice: number | null;
};

export function addCartRoutes(service: Service, parts: CartParts): void {
  const { carts } = parts;

  const show = async (customer: string, reply: FastifyReply): Promise<readonly PricedItem[]> => {
    const cart = await carts.read(customer);
    tellServers(reply, { read: cart.from });
    return await priced(parts, cart);
  };
  service.get(
    "/carts/:customer",
    { schema: { params: customerParams } },
    async (request, reply) => {
      const { customer } = request.params;
      return { customerId: customer, items: await show(customer, reply) };
    },
  );
  service.get("/carts/:customer/items", { schema: { params: customerParams } }, (request, reply) =>
    show(request.params.customer, reply),
  );
  service.get(
    "/carts/:customer/items/:item",
    { schema: { params: itemParams } },
    async (request, reply) => {
      const { customer, item } = request.params;
      const found = (await show(customer, reply)).find(({ itemId }) => itemId === item);
      if (found) return found;
      throw new Refusal(404, "not-in-cart", `There is no item ${item} in this cart.`);
    },
  );
  addWrites(service, parts);
}

function addWrites(service: Service, parts: CartParts): void {
  const { carts } = parts;
  const answer = async (customer: string, cart: Cart, reply: FastifyReply): Promise<object> => {
    tellServers(reply, { wrote: cart.from });
    // It is done, whether or not prices can be had.
    const items = await priced(parts, cart).catch((error: unknown) => {
      if (error instanceof Unavailable) return unpriced(cart);
      throw error;
    });
    return { customerId: customer, items };
  };

  service.post(
    "/carts/:customer/items",
    { schema: { params: customerParams, body: addBody } },
    async (request, reply) => {
      const { customer } = request.params;
      await requireSold(parts.prices, [request.body]);
      void reply.code(201);
      return await answer(customer, await carts.add(customer, request.body), reply);
    },
  );
  service.patch(
    "/carts/:customer/items",
    { schema: { params: customerParams, body: setBody } },
    async (request, reply) => {
      const { customer } = request.params;
      // What is not sold any more can still be taken out.
      if (request.body.quantity > 0) await requireSold(parts.prices, [request.body]);
      return await answer(customer, await carts.set(customer, request.body), reply);
    },
  );
  service.delete(
    "/carts/:customer",
    { schema: { params: customerParams } },
    async (request, reply) => {
      const { customer } = request.params;
      return await answer(customer, await carts.clear(customer), reply);
    },
  );
  service.delete(
    "/carts/:customer/items/:item",
    { schema: { params: itemParams } },
    async (request, reply) => {
      const { customer, item } = request.params;
      return await answer(
        customer,
        await carts.set(customer, { itemId: item, quantity: 0 }),
        reply,
      );
    },
  );
  service.route({
    method: ["GET", "POST"],
    url: "/carts/:customer/merge",
    schema: { params: customerParams, querystring: mergeQuery },
    handler: async (request, reply) => {
      const { customer } = request.params;
      return await answer(customer, await carts.merge(request.query.sessionId, customer), reply);
    },
  });
}

type Wanted = { readonly itemId: number; readonly unitPrice?: number | undefined };

/**
 * Nothing is put into a cart that is not sold, or at another price than somebody was shown.
 * @throws Refusal 404 `unknown-product`, 409 `price-differs`; Unavailable
 */
export async function requireSold(prices: Prices, wanted: readonly Wanted[]): Promise<void> {
  const known = await prices.of(wanted.map(({ itemId }) => itemId));
  for (const { itemId, unitPrice } of wanted) {
    const price = known.get(itemId);
    if (price === undefined) {
      throw new Refusal(404, "unknown-product", `There is no product ${itemId}.`);
    }
    if (unitPrice !== undefined && Math.abs(unitPrice - price) > 0.001) {
      const message = `Product ${itemId} costs ${price.toFixed(2)}, not ${unitPrice}.`;
      throw new Refusal(409, "price-differs", message);
    }
  }
}

async function priced({ prices }: CartParts, { items }: Cart): Promise<readonly PricedItem[]> {
  const known = await prices.of(items.map(({ itemId }) => itemId));
  return items.map((item) => ({ ...item, unitPrice: known.get(item.itemId) ?? null }));
}

function unpriced({ items }: Cart): readonly PricedItem[] {
  return items.map((item) => ({ ...item, unitPrice: null }));
}
