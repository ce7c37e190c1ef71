import { expect, test } from "vitest";
import {
  changeSchema,
  expiresAtMs,
  newestOf,
  nextVersion,
  type Draft,
  type State,
} from "./state.ts";
import {
  cartKeyOf,
  changed,
  complete,
  paid,
  rekeyed,
  reopened,
  sent,
  submitted,
  type Fresh,
} from "./transitions.ts";

let drawn = 0;
const drawUuid = (): string => {
  drawn += 1;
  return `00000000-0000-4000-8000-${String(drawn).padStart(12, "0")}`;
};
const at = (version: number): Fresh => ({ version, drawUuid });

const everything = {
  items: [{ id: 2, quantity: 1 }],
  customer: "guest:abc",
  customerEmail: "ann@example.com",
  shippingAddress: {
    firstName: "Ann",
    lastName: "Lee",
    address1: "1 Quay",
    city: "Port",
    zip: "1",
  },
  deliveryOptionToken: "express",
} as const;
const payment = { paymentToken: "tok_1", cardLast4: "4242" };
const order = { orderId: 7, email: "", items: [], subtotal: 0, tax: 0, shipping: 0, total: 0 };

function ready(): Draft {
  const change = changeSchema.parse(everything);
  return paid(changed(undefined, change, at(1)), payment, at(2));
}

function placed(state: State): State | undefined {
  return submitted(state, state.idempotencyKey, { order, cartIsEmptied: true, version: 9 });
}

test("what a change does not name stays as it is", () => {
  const state = changed(ready(), { deliveryOptionToken: "priority-mail" }, at(3));
  expect(state.contents).toEqual({
    ...everything,
    payment,
    deliveryOptionToken: "priority-mail",
  });
});

test("the same product twice is one line, of at most 99 pieces", () => {
  const twice = (quantity: number) => ({
    items: [
      { id: 2, quantity },
      { id: 2, quantity },
    ],
  });
  expect(changed(undefined, twice(40), at(1)).contents.items).toEqual([{ id: 2, quantity: 80 }]);
  expect(() => changed(undefined, twice(50), at(1))).toThrow("at most 99");
});

test("the key stays the same until there is an order, and is another for the next purchase", () => {
  const first = ready();
  expect(changed(first, { items: [] }, at(3)).idempotencyKey).toBe(first.idempotencyKey);
  const next = changed(placed(sent(first, 3)), { items: [{ id: 3, quantity: 1 }] }, at(10));
  expect(next.idempotencyKey).not.toBe(first.idempotencyKey);
  expect(next.contents).toEqual({ items: [{ id: 3, quantity: 1 }] });
});

test("what was ordered cannot be changed, or paid again", () => {
  const done = placed(sent(ready(), 3));
  for (const change of [{}, { items: [] }, { customerEmail: "bob@example.com" }]) {
    expect(() => changed(done, change, at(10))).toThrow("it is order 7");
  }
  expect(() => paid(done, payment, at(10))).toThrow("it is order 7");
});

test("while nobody knows whether it was ordered, nothing of it changes", () => {
  const state = sent(ready(), 3);
  expect(changed(state, { items: [{ quantity: 1, id: 2 }] }, at(4)).status).toBe("sent");
  expect(() => changed(state, { items: [{ id: 2, quantity: 2 }] }, at(4))).toThrow("as it is");
  expect(() => paid(state, { ...payment, cardLast4: "1111" }, at(4))).toThrow("as it is");
});

test("a refused order is open again, and another one's refusal changes nothing", () => {
  const state = sent(ready(), 3);
  expect(reopened(state, state.idempotencyKey, 4)).toMatchObject({ status: "open", version: 4 });
  expect(reopened(state, "another", 4)).toBe(state);
});

test("what was refused since its key is another order's is open again under a new one", () => {
  const state = sent(ready(), 3);
  const open = rekeyed(state, state.idempotencyKey, at(4));
  expect(open).toMatchObject({ status: "open", version: 4, contents: state.contents });
  expect(open?.idempotencyKey).not.toBe(state.idempotencyKey);
  expect(rekeyed(state, "another", at(4))).toBe(state);
  expect(rekeyed(undefined, "another", at(4))).toBeUndefined();
});

test("an order that comes late does not end the next purchase", () => {
  const first = sent(ready(), 3);
  const next = changed(placed(first), { items: [{ id: 3, quantity: 1 }] }, at(10));
  expect(submitted(next, first.idempotencyKey, { order, cartIsEmptied: true, version: 11 })).toBe(
    next,
  );
});

test("what is missing is named", () => {
  expect(complete(ready().contents)).toEqual({ ...everything, payment });
  expect(() => complete({ items: [] })).toThrow(
    "something to buy, the customer, an e-mail address, a shipping address, a way of delivery, a card",
  );
  expect(() => complete({ ...ready().contents, payment: undefined })).toThrow(/missing: a card\.$/);
});

test("the newer of two wins, and what has expired is nobody's", () => {
  const [older, newer] = [ready(), { ...ready(), version: 5 }];
  expect(newestOf([older, undefined, newer], 6)).toBe(newer);
  expect(newestOf([newer, older], 6)).toBe(newer);
  expect(newestOf([newer], expiresAtMs(newer))).toBeUndefined();
  const done = { ...newer, status: "submitted", order, cartIsEmptied: true } as const;
  // Or its key would be used for the next purchase, which would be taken for this one.
  expect(expiresAtMs(done)).toBeGreaterThan(expiresAtMs(older));
  expect(nextVersion(newer, 3)).toBe(6);
  expect(nextVersion(undefined, 3)).toBe(3);
});

test("text that no database takes is refused, and so is what nobody knows", () => {
  const withName = (firstName: string) => ({
    shippingAddress: { ...everything.shippingAddress, firstName },
  });
  expect(changeSchema.safeParse(withName("Zoë 🐚")).success).toBe(true);
  for (const name of ["", "  ", "a\u0000b", "a\ud800", "a\nb", "x".repeat(81)]) {
    expect(changeSchema.safeParse(withName(name)).success).toBe(false);
  }
  for (const change of [
    { price: 1 },
    { customer: "admin" },
    { items: [{ id: 2, quantity: -1 }] },
  ]) {
    expect(changeSchema.safeParse(change).success).toBe(false);
  }
});

test("a guest's cart is the session's, a person's the person's", () => {
  expect(cartKeyOf("guest:abc")).toBe("abc");
  expect(cartKeyOf("user:1-2")).toBe("user:1-2");
});

test("more than 50 different products are refused with what to do", () => {
  const items = Array.from({ length: 51 }, (_, index) => ({ id: index + 1, quantity: 1 }));
  expect(() => changed(undefined, { items }, at(1))).toThrow(
    /takes 50 .* there are 51. Take some out/,
  );
  expect(changeSchema.safeParse({ items }).success).toBe(true);
});
