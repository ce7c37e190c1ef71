/** `/orders`: buying, and looking at what one has bought. */
import { Refusal } from "../shared/refusal.ts";
import { seenOf, tellServers, type Service } from "../shared/service.ts";
import { buy, type OrderParts } from "./buy.ts";
import {
  newOrderSchema,
  orderHeadersSchema,
  orderKeyParamsSchema,
  orderListQuerySchema,
  orderParamsSchema,
  ownOrderQuerySchema,
} from "./order-input.ts";
import { findByKey, findOrder, listOrders, pageSize } from "./orders.ts";

export function addOrderRoutes(service: Service, parts: OrderParts): void {
  const { database } = parts;

  service.post(
    "/orders",
    { schema: { body: newOrderSchema, headers: orderHeadersSchema } },
    async (request, reply) => {
      const key = request.headers["idempotency-key"];
      const { rows, from, seen } = await buy(parts, key, request.body);
      tellServers(reply, { wrote: from, seen });
      const [placed] = rows;
      return reply.code(placed?.is_new ? 201 : 200).send(placed?.document);
    },
  );

  service.get(
    "/orders",
    { schema: { querystring: orderListQuerySchema } },
    async (request, reply) => {
      const { page } = request.query;
      const { rows, from, seen } = await listOrders(database, request.query, seenOf(request));
      tellServers(reply, { read: from, seen });
      const { orders, total } = rows[0] ?? { orders: [], total: 0 };
      const pages = Math.ceil(total / pageSize);
      return { orders, page, size: pageSize, total, pages };
    },
  );

  service.get(
    "/orders/:id",
    { schema: { params: orderParamsSchema, querystring: ownOrderQuerySchema } },
    async (request, reply) => {
      const { id } = request.params;
      const { customer } = request.query;
      const { rows, from, seen } = await findOrder(database, { id, customer }, seenOf(request));
      tellServers(reply, { read: from, seen });
      return rows[0]?.document ?? refuseUnknown(id);
    },
  );
}

/**
 * For who has lost the answer, and has nobody to ask again: the Region that knew the checkout is gone. The order is, or is
 * not, at the writer.
 */
export function addOrderKeyRoute(service: Service, { database }: OrderParts): void {
  service.get(
    "/orders/key/:key",
    { schema: { params: orderKeyParamsSchema, querystring: ownOrderQuerySchema } },
    async (request, reply) => {
      const { key } = request.params;
      const { customer } = request.query;
      const { rows, from, seen } = await findByKey(database, { key, customer });
      tellServers(reply, { read: from, seen });
      const [found] = rows;
      if (found) return found.document;
      throw new Refusal(404, "unknown-order", "You have no order with this key.");
    },
  );
}

/** Also for somebody else's: who asks learns nothing of it. */
export function refuseUnknown(id: number): never {
  throw new Refusal(404, "unknown-order", `You have no order ${id}.`);
}
