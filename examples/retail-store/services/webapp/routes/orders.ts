/** A person's orders. */
import { z } from "zod";
import type { Service } from "../../shared/service.ts";
import { noteText, withNote } from "../notes.ts";
import { orderPage, ordersPage } from "../pages/orders.ts";
import { cancelOrder, listOrders, viewOrder } from "../shop/orders.ts";
import { noteName, pageNumber, type RouteParts } from "./parts.ts";

/** As in the address: digits, at most those of a bigint. */
const orderParams = z.object({ id: z.string().regex(/^[1-9]\d{0,15}$/) });

/** `/orders`, `/orders/:id` and its cancellation. */
export function orderRoutes(pages: Service, { shop, site }: RouteParts): void {
  pages.get(
    "/orders",
    { schema: { querystring: z.object({ page: pageNumber }) } },
    async (request, reply) => {
      const visitor = site.visitorOf(request);
      const list = await listOrders(shop, visitor, request.query.page);
      return site.page(request, reply, { title: "Your orders", main: ordersPage(visitor, list) });
    },
  );

  pages.get(
    "/orders/:id",
    { schema: { params: orderParams, querystring: z.object({ note: noteName }) } },
    async (request, reply) => {
      const visitor = site.visitorOf(request);
      const order = await viewOrder(shop, visitor, request.params.id);
      return site.page(request, reply, {
        title: `Order ${order.id}`,
        main: orderPage(visitor, order),
        note: noteText(request.query.note),
      });
    },
  );

  pages.post("/orders/:id/cancel", { schema: { params: orderParams } }, async (request, reply) => {
    const { id } = request.params;
    await cancelOrder(shop, site.visitorOf(request), id);
    return site.redirect(request, reply, withNote(`/orders/${id}`, "cancelled"));
  });
}
