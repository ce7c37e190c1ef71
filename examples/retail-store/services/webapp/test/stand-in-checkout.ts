/** The stand-in for the checkout service; what it submits becomes an order at once. */
import { randomUUID } from "node:crypto";
import type { FastifyInstance } from "fastify";
import { fromCents, toCents } from "../../shared/money.ts";
import { deliveries, deliveryTokens, totalsOf, type DeliveryToken } from "../../shared/totals.ts";
import { refuse, type World } from "./world.ts";

type Item = { readonly id: number; readonly quantity: number };
type State = Record<string, unknown> & {
  items?: readonly Item[];
  order?: { orderId: number; items: readonly Item[] };
};

/** Adds its routes. */
export function addCheckout(service: FastifyInstance, world: World): void {
  type Asked = { Params: { id: string }; Body: Record<string, unknown> };
  const find = (id: string): State =>
    world.checkouts.get(id) ?? refuse(404, "no-checkout", "No checkout is under way here.");
  service.get<Asked>("/checkout/:id", ({ params }) => show(world, params.id, find(params.id)));
  service.post<Asked>("/checkout/:id/update", ({ params, body }) => {
    const state = { idempotencyKey: randomUUID(), ...world.checkouts.get(params.id), ...body };
    world.checkouts.set(params.id, state);
    return show(world, params.id, state);
  });
  service.post<Asked>("/checkout/:id/payment", ({ params, body }) => {
    const number = `${body["number"]}`.replaceAll(" ", "");
    if (!/^4\d{15}$/.test(number)) {
      refuse(400, "card-number", "This is not the number of a card. Is a digit missing?");
    }
    find(params.id)["cardLast4"] = number.slice(-4);
    return show(world, params.id, find(params.id));
  });
  service.post<Asked>("/checkout/:id/submit", ({ params, body: { key } }) => {
    const state = find(params.id);
    if (key !== undefined && key !== state["idempotencyKey"]) {
      refuse(404, "no-checkout", "No checkout is under way here.");
    }
    if (state.order) return state.order;
    if (world.refusal) {
      const { status, code, message } = world.refusal;
      refuse(status, code, message);
    }
    const orderId = world.orders.length + 4;
    const shown = show(world, params.id, state);
    world.orders.push({
      ...shown,
      items: shown.items.map((item) => ({ ...item, productId: item.id })),
      id: orderId,
      customer: state["customer"],
      key: state["idempotencyKey"],
      status: "placed",
      ...(state["shippingAddress"] as object),
      address: state["shippingAddress"],
      email: state["customerEmail"],
      delivery: state["deliveryOptionToken"],
      region: "us-west-2",
      createdAt: "2026-05-04T10:00:00.000Z",
    });
    const cart = world.carts.get(`${state["customer"]}`.replace(/^guest:/, ""));
    for (const { id } of shown.items) cart?.delete(id);
    state.order = { orderId, items: shown.items };
    return state.order;
  });
}

function show(world: World, id: string, state: State) {
  const items = (state.items ?? []).map(({ id: product, quantity }) => {
    const { name = "", price = 0 } = world.products.find((one) => one.id === product) ?? {};
    return { id: product, name, quantity, price, totalCost: fromCents(toCents(price) * quantity) };
  });
  const totals = totalsOf(
    items.map(({ quantity, price }) => ({ quantity, unitCents: toCents(price) })),
    state["deliveryOptionToken"] as DeliveryToken | undefined,
  );
  return {
    ...state,
    id,
    status: state.order ? "submitted" : "open",
    items,
    subtotal: fromCents(totals.subtotalCents),
    tax: fromCents(totals.taxCents),
    shipping: fromCents(totals.shippingCents),
    total: fromCents(totals.totalCents),
    shippingRates: {
      shipmentId: "s",
      rates: deliveryTokens.map((token) => {
        const { name, cents, estimatedDays } = deliveries[token];
        return { name, amount: fromCents(cents), token, estimatedDays };
      }),
    },
    fallback: world.isFallback,
  };
}
