/** `/order`: the same orders, in the form that older clients know. */
import { randomUUID } from "node:crypto";
import { seenOf, tellServers, type Service } from "../shared/service.ts";
import { buy, type OrderParts } from "./buy.ts";
import { addOrderSchema, cancelOrderSchema, getOrderQuerySchema } from "./order-input.ts";
import { refuseUnknown } from "./order-routes.ts";
import { cancelOrder, findOrderByEmail, type Order } from "./orders.ts";

export function addClassicRoutes(service: Service, parts: OrderParts): void {
  const { database } = parts;

  service.post("/order/add", { schema: { body: addOrderSchema } }, async (request, reply) => {
    const { email, items, idempotency_key: key = randomUUID() } = request.body;
    const order = {
      // These clients tell neither a name nor whose order it is, but for the address.
      customer: `email:${email}`,
      firstName: "",
      lastName: "",
      email,
      items: items.map((item) => ({
        productId: item.item_id,
        quantity: item.qty,
        price: item.unit_price,
      })),
    };
    const { rows, from, seen } = await buy(parts, key, order);
    tellServers(reply, { wrote: from, seen });
    return rows[0] && present(rows[0].document);
  });

  service.get(
    "/order/getorder",
    { schema: { querystring: getOrderQuerySchema } },
    async (request, reply) => {
      const { email, order_id: id } = request.query;
      const { rows, from, seen } = await findOrderByEmail(database, { id, email }, seenOf(request));
      tellServers(reply, { read: from, seen });
      return rows[0] ? present(rows[0].document) : refuseUnknown(id);
    },
  );

  service.post("/order/cancel", { schema: { body: cancelOrderSchema } }, async (request, reply) => {
    const { order_id: id, customer } = request.body;
    const { rows, from, seen } = await cancelOrder(database, { id, customer });
    tellServers(reply, { wrote: from, seen });
    return rows[0] ? present(rows[0].document) : refuseUnknown(id);
  });
}

function present(order: Order): unknown {
  return {
    order_details: {
      order_id: order.id,
      email: order.email,
      order_total: order.total,
      status: order.status,
      items: order.items.map(({ productId, name, quantity, price, totalCost }) => ({
        item_id: productId,
        name,
        qty: quantity,
        unit_price: price,
        total: totalCost,
      })),
    },
    status_code: 200,
    title: "Orders",
  };
}
