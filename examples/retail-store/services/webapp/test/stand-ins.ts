/**
 * A small stand-in for each service, over real HTTP and in memory, for tests of the pages alone. They know the routes that
 * the pages use, and nothing of what the real ones take care of.
 */
import Fastify, { type FastifyInstance } from "fastify";
import { serviceClient, type ServiceClient } from "../../shared/client.ts";
import { readHeader, seenHeader, wroteHeader } from "../../shared/servers.ts";
import type { Shop } from "../shop/shop.ts";
import { addAssets } from "./stand-in-assets.ts";
import { addCarts } from "./stand-in-cart.ts";
import { addCheckout } from "./stand-in-checkout.ts";
import { addOrders } from "./stand-in-order.ts";
import { addProducts } from "./stand-in-product.ts";
import { addUsers } from "./stand-in-user.ts";
import { newWorld, type World } from "./world.ts";

export type StandIns = {
  readonly shop: Shop;
  readonly world: World;
  close(): Promise<void>;
};

/** Listening on ports of the system's choice until `close`. */
export async function startStandIns(): Promise<StandIns> {
  const world = newWorld();
  const services = {
    product: addProducts,
    cart: addCarts,
    user: addUsers,
    checkout: addCheckout,
    order: addOrders,
    assets: addAssets,
  } as const;
  const open: FastifyInstance[] = [];
  const clients: Partial<Record<keyof Shop, ServiceClient>> = {};
  for (const [name, add] of Object.entries(services)) {
    const service = Fastify({ forceCloseConnections: true });
    service.addHook("onRequest", async (request, reply) => {
      world.calls.push(`${request.method} ${request.url}`);
      void reply.header(readHeader, "127.0.2.11;ms=1.2");
      if (request.method !== "GET") {
        void reply.header(wroteHeader, "127.0.1.11;ms=64.0").header(seenHeader, "0/3000148");
      }
    });
    service.setErrorHandler((error: Error & { status?: number; code?: string }, _request, reply) =>
      reply
        .code(error.status ?? 500)
        .send({ error: { code: error.code ?? "internal", message: error.message } }),
    );
    add(service, world);
    const url = await service.listen({ host: "127.0.0.1", port: 0 });
    open.push(service);
    clients[name as keyof Shop] = serviceClient(name, url);
  }
  return {
    shop: clients as Shop,
    world,
    close: async () => {
      await Promise.all(Object.values(clients).map((client) => client.close()));
      await Promise.all(open.map((service) => service.close()));
    },
  };
}
