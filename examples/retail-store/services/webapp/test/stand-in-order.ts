import type { FastifyInstance } from "fastify";
import { refuse, type Query, type World } from "./world.ts";

/** Orders that the stand-in for checkouts has placed. */
export function addOrders(service: FastifyInstance, { orders }: World): void {
  type Asked = {
    Params: { id: string };
    Querystring: Query;
    Body: { order_id: number; customer: string };
  };
  const find = (id: number, customer: unknown): Record<string, unknown> =>
    orders.find((order) => order["id"] === id && order["customer"] === customer) ??
    refuse(404, "unknown-order", `You have no order ${id}.`);
  service.get<Asked>("/orders", ({ query }) => {
    const own = orders.filter(({ customer }) => customer === query["customer"]).toReversed();
    return { orders: own, page: 1, size: 20, total: own.length, pages: 1 };
  });
  service.get<Asked>("/orders/:id", ({ params, query }) =>
    find(Number(params.id), query["customer"]),
  );
  service.get<Asked & { Params: { key: string } }>(
    "/orders/key/:key",
    ({ params, query }) =>
      orders.find(({ key, customer }) => key === params.key && customer === query["customer"]) ??
      refuse(404, "unknown-order", "You have no order with this key."),
  );
  service.post<Asked>("/order/cancel", ({ body }) => {
    find(body.order_id, body.customer)["status"] = "cancelled";
    return { status_code: 200 };
  });
}
