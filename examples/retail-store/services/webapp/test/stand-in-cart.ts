import type { FastifyInstance } from "fastify";
import { refuse, type Query, type World } from "./world.ts";

/** Carts without limits. */
export function addCarts(service: FastifyInstance, world: World): void {
  const cartOf = (key: string): Map<number, number> => {
    const cart = world.carts.get(key) ?? new Map<number, number>();
    world.carts.set(key, cart);
    return cart;
  };
  const told = (key: string): unknown => ({
    customerId: key,
    items: [...cartOf(key)].map(([itemId, quantity]) => ({
      itemId,
      quantity,
      unitPrice: world.products.find(({ id }) => id === itemId)?.price ?? null,
    })),
  });
  type Key = { Params: { key: string; item: string }; Querystring: Query };
  type Wish = { Body: { itemId: number; quantity: number } };
  service.get<Key>("/carts/:key", ({ params }) => told(params.key));
  service.delete<Key>("/carts/:key", ({ params }) => {
    world.carts.delete(params.key);
    return told(params.key);
  });
  service.post<Key & Wish>("/carts/:key/items", ({ params, body }, reply) => {
    if (!world.products.some(({ id }) => id === body.itemId))
      refuse(404, "unknown-product", "No such.");
    const cart = cartOf(params.key);
    cart.set(body.itemId, (cart.get(body.itemId) ?? 0) + body.quantity);
    return reply.code(201).send(told(params.key));
  });
  service.patch<Key & Wish>("/carts/:key/items", ({ params, body }) => {
    if (body.quantity === 0) cartOf(params.key).delete(body.itemId);
    else cartOf(params.key).set(body.itemId, body.quantity);
    return told(params.key);
  });
  service.delete<Key>("/carts/:key/items/:item", ({ params }) => {
    cartOf(params.key).delete(Number(params.item));
    return told(params.key);
  });
  service.post<Key>("/carts/:key/merge", ({ params, query }) => {
    const guest = `${query["sessionId"]}`;
    for (const [item, quantity] of cartOf(guest)) cartOf(params.key).set(item, quantity);
    world.carts.delete(guest);
    return told(params.key);
  });
}
