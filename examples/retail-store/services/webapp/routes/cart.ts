/** The cart and what changes it. */
import { z } from "zod";
import type { Service } from "../../shared/service.ts";
import { noteText, withNote } from "../notes.ts";
import { cartPage } from "../pages/cart.ts";
import { addToCart, cartLines, quantityMax, removeFromCart, setQuantity } from "../shop/cart.ts";
import { noteName, productId, type RouteParts } from "./parts.ts";

/** Fields of forms are text. */
const quantity = (min: number) => z.coerce.number().int().min(min).max(quantityMax);

const addForm = z.object({ productId, qty: quantity(1).default(1) });
const updateForm = z.object({ productId, qty: quantity(0) });
const removeForm = z.object({ productId });

/** `/cart` and the forms that change it. */
export function cartRoutes(pages: Service, { shop, site }: RouteParts): void {
  pages.get(
    "/cart",
    { schema: { querystring: z.object({ note: noteName }) } },
    async (request, reply) => {
      const visitor = site.visitorOf(request);
      const lines = await cartLines(shop, visitor);
      return site.page(request, reply, {
        title: "Your cart",
        main: cartPage(visitor, lines),
        note: noteText(request.query.note),
      });
    },
  );

  pages.post("/cart/addToCart", { schema: { body: addForm } }, async (request, reply) => {
    const { productId: id, qty } = request.body;
    await addToCart(shop, site.visitorOf(request), { productId: id, quantity: qty });
    return site.redirect(request, reply, withNote("/cart", "added"));
  });

  pages.post("/cart/update", { schema: { body: updateForm } }, async (request, reply) => {
    const { productId: id, qty } = request.body;
    await setQuantity(shop, site.visitorOf(request), { productId: id, quantity: qty });
    return site.redirect(request, reply, withNote("/cart", qty === 0 ? "removed" : "updated"));
  });

  pages.post("/cart/removeFromCart", { schema: { body: removeForm } }, async (request, reply) => {
    await removeFromCart(shop, site.visitorOf(request), request.body.productId);
    return site.redirect(request, reply, withNote("/cart", "removed"));
  });

  for (const path of ["/cart/cart", "/cart/view"]) {
    pages.get(path, (request, reply) => site.redirect(request, reply, "/cart"));
  }
}
