import { expect, test } from "vitest";
import { Refusal } from "../shared/refusal.ts";
import { Checkouts } from "./checkout.ts";
import type { OtherServices } from "./other-services.ts";
import type { State } from "./state.ts";
import type { States } from "./states.ts";

/** One checkout, and a test that sets its state back. */
class OneState implements Pick<States, "find" | "keep"> {
  state: State | undefined;

  async find() {
    return { state: this.state, isFallback: false };
  }

  async keep(_: string, state: State, base: number) {
    const isKept = (this.state?.version ?? 0) === base;
    if (isKept) this.state = state;
    return { isKept, isFallback: false };
  }
}

const told = { read: undefined, wrote: undefined, seen: undefined };

/** Orders by key, and what was in them. */
function othersWith(orders: Map<string, string>): OtherServices {
  return {
    products: async (ids) => ({
      products: ids.map((id) => ({ id, name: "Watch", priceCents: 4_295 })),
      told,
    }),
    placeOrder: async ({ idempotencyKey, lines, contents }) => {
      const inside = JSON.stringify(lines);
      const known = orders.get(idempotencyKey) ?? inside;
      if (known !== inside) throw new Refusal(409, "key-reused", "for programs");
      orders.set(idempotencyKey, inside);
      const amounts = { subtotal: 0, tax: 0, shipping: 0, total: 0 };
      const order = { orderId: 3 + orders.size, email: contents.customerEmail, items: [] };
      return { order: { ...order, ...amounts }, told };
    },
    takeFromCart: async () => true,
    close: async () => undefined,
  };
}

test("a key that is another order's costs one refusal, which says so, and not the whole checkout", async () => {
  const states = new OneState();
  const orders = new Map<string, string>();
  const checkouts = new Checkouts(states, othersWith(orders));
  const [firstName, lastName, address1, city, zip] = ["Ann", "Lee", "1 Quay", "Port", "1"];
  await checkouts.update("c", {
    items: [{ id: 2, quantity: 1 }],
    customer: "guest:c",
    customerEmail: "ann@example.com",
    shippingAddress: { firstName, lastName, address1, city, zip },
    deliveryOptionToken: "express",
  });
  await checkouts.pay("c", { number: "4242 4242 4242 4242", expires: "12/40", code: "123" });
  const older = states.state;
  const wish = { total: undefined, key: undefined, seen: undefined };
  expect((await checkouts.submit("c", wish)).body.orderId).toBe(4);
  // As a Redis that has lost its last second.
  states.state = older;
  await checkouts.update("c", { items: [{ id: 2, quantity: 2 }] });
  await expect(checkouts.submit("c", wish)).rejects.toMatchObject({
    code: "key-reused",
    message: expect.stringContaining("placed already from this checkout"),
  });
  expect(orders.size).toBe(1);
  expect((await checkouts.submit("c", wish)).body.orderId).toBe(5);
});
