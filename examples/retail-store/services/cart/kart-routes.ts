/** `/kart`: the same carts by key, as older clients know them. Key and customer are one: `ann@example.com:Kart`. */
import { tellServers, type Service } from "../shared/service.ts";
import { requireSold, type CartParts } from "./cart-routes.ts";
import { kartQuery, kartRemoveBody, kartSetBody } from "./cart-input.ts";
import type { Cart } from "./carts.ts";

type KartItem = { readonly productId: number; readonly qty: number };

export function addKartRoutes(service: Service, { carts, prices }: CartParts): void {
  service.get("/kart/get", { schema: { querystring: kartQuery } }, async (request, reply) => {
    const cart = await carts.read(request.query.key);
    tellServers(reply, { read: cart.from });
    return asKart(cart);
  });
  service.post("/kart/set", { schema: { body: kartSetBody } }, async (request, reply) => {
    const { key, value } = request.body;
    const items = value.map(({ productId, qty }) => ({ itemId: productId, quantity: qty }));
    await requireSold(prices, items);
    const cart = await carts.put(key, items);
    tellServers(reply, { wrote: cart.from });
    return asKart(cart);
  });
  service.post("/kart/remove", { schema: { body: kartRemoveBody } }, async (request, reply) => {
    const cart = await carts.clear(request.body.key);
    tellServers(reply, { wrote: cart.from });
    return asKart(cart);
  });
}

function asKart({ items }: Cart): readonly KartItem[] {
  return items.map(({ itemId, quantity }) => ({ productId: itemId, qty: quantity }));
}
