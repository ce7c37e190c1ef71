/**
 * What may happen to a checkout from the first look to the order. Pure.
 *
 *   open ──submit──► sent ──the order service has placed it──► submitted ──items of another purchase──► open
 *    ▲                │
 *    └──it refuses────┘
 *
 * `sent` is written down before the order service is asked. While nobody knows whether the order was placed, its
 * contents stay as they are: sent again with the same key, they become one order.
 */
import { Refusal } from "../shared/refusal.ts";
import {
  linesMax,
  quantityMax,
  type Change,
  type Contents,
  type Draft,
  type PlacedOrder,
  type State,
} from "./state.ts";

export type Fresh = { readonly version: number; readonly drawUuid: () => string };

function emptyDraft({ version, drawUuid }: Fresh): Draft {
  return {
    status: "open",
    version,
    idempotencyKey: drawUuid(),
    shipmentId: drawUuid(),
    contents: { items: [] },
  };
}

/** @throws Refusal 409 where there is nothing to change any more, or where a change could order something twice */
export function changed(state: State | undefined, change: Change, fresh: Fresh): Draft {
  // Items after an order are those of another purchase: another key, and another look at a card.
  const isAnother = state?.status === "submitted" && (change.items?.length ?? 0) > 0;
  const base = state === undefined || isAnother ? emptyDraft(fresh) : mustBeDraft(state);
  const items = mergeLines(change.items ?? base.contents.items);
  return withContents(base, { ...base.contents, ...definedOf(change), items }, fresh.version);
}

/** @throws Refusal 404 when none is under way; 409 as `changed` */
export function paid(
  state: State | undefined,
  payment: Contents["payment"],
  { version }: Pick<Fresh, "version">,
): Draft {
  if (state === undefined) throw noCheckout();
  const base = mustBeDraft(state);
  return withContents(base, { ...base.contents, payment }, version);
}

/** Before the order service is asked. */
export function sent(state: Draft, version: number): Draft {
  return { ...state, status: "sent", version };
}

/** The order service has refused it, and so it was not placed. What is not under way under `key` stays as it is. */
export function reopened(
  state: State | undefined,
  key: string,
  version: number,
): State | undefined {
  if (state?.status !== "sent" || state.idempotencyKey !== key) return state;
  return { ...state, status: "open", version };
}

/**
 * As `reopened`, where the refusal was that `key` is another order's: an older state came back after it had become one.
 * Under its key it would be refused for as long as it is kept.
 */
export function rekeyed(state: State | undefined, key: string, fresh: Fresh): State | undefined {
  const open = reopened(state, key, fresh.version);
  return open === undefined || open === state
    ? state
    : { ...open, idempotencyKey: fresh.drawUuid() };
}

export type Placed = {
  readonly order: PlacedOrder;
  readonly cartIsEmptied: boolean;
  readonly seen?: string | undefined;
};

/** The order service has placed it. What is another purchase by now stays as it is. */
export function submitted(
  state: State | undefined,
  key: string,
  placed: Placed & { readonly version: number },
): State | undefined {
  if (state === undefined || state.status === "submitted" || state.idempotencyKey !== key) {
    return state;
  }
  const { idempotencyKey, shipmentId, contents } = state;
  return { status: "submitted", idempotencyKey, shipmentId, contents, ...placed };
}

function withContents(base: Draft, contents: Contents, version: number): Draft {
  const isSame = JSON.stringify(sorted(contents)) === JSON.stringify(sorted(base.contents));
  if (base.status === "sent" && !isSame) throw inDoubt();
  return { ...base, contents, version };
}

/** @throws Refusal 409 */
function mustBeDraft(state: State): Draft {
  if (state.status !== "submitted") return state;
  const message = `This was ordered already: it is order ${state.order.orderId}.`;
  throw new Refusal(409, "submitted", message);
}

/** Instead of the order service's own words, which are for programs. */
export function keyReused(): Refusal {
  const message =
    "An order was placed already from this checkout, with other contents: you find it among your orders. What is here now was not ordered. If you want it as well, look at it and place it once more.";
  return new Refusal(409, "key-reused", message);
}

/** It was never begun here, or too long ago. */
export function noCheckout(): Refusal {
  const message = "No checkout is under way here. Please begin it again.";
  return new Refusal(404, "no-checkout", message);
}

/** A person's cart stays with the person, a guest's with the session: `user:<id>`, or what follows `guest:`. */
export function cartKeyOf(customer: string): string {
  return customer.replace(/^guest:/, "");
}

function inDoubt(): Refusal {
  const message =
    "This order was sent, and nobody could say yet whether it was placed. Send it again as it is: it will not be placed twice.";
  return new Refusal(409, "order-in-doubt", message);
}

/** The same product twice is one line, as in the order. */
function mergeLines(lines: Contents["items"]): Contents["items"] {
  const quantities = new Map<number, number>();
  for (const { id, quantity } of lines) quantities.set(id, (quantities.get(id) ?? 0) + quantity);
  const merged = [...quantities].map(([id, quantity]) => ({ id, quantity }));
  if (merged.length > linesMax) {
    const message = `One order takes ${linesMax} different products, and there are ${merged.length}. Take some out of the cart, and order them after this.`;
    throw new Refusal(400, "too-many", message);
  }
  if (merged.every(({ quantity }) => quantity <= quantityMax)) return merged;
  throw new Refusal(400, "quantity", `One order holds at most ${quantityMax} pieces of a product.`);
}

function definedOf(change: Change): Change {
  return Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined));
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).toSorted(([one], [other]) => (one < other ? -1 : 1));
  return Object.fromEntries(entries.map(([key, inner]) => [key, sorted(inner)]));
}

/** What an order cannot be without. */
export type Complete = { readonly [Name in keyof Contents]-?: NonNullable<Contents[Name]> };

const needed: Readonly<Record<keyof Contents, string>> = {
  items: "something to buy",
  customer: "the customer",
  customerEmail: "an e-mail address",
  shippingAddress: "a shipping address",
  deliveryOptionToken: "a way of delivery",
  payment: "a card",
};

/** @throws Refusal 409 that names what is missing */
export function complete(contents: Contents): Complete {
  const given = { ...contents, items: contents.items.length === 0 ? undefined : contents.items };
  if (isComplete(given)) return given;
  const missing = Object.entries(needed)
    .filter(([name]) => given[name as keyof Contents] === undefined)
    .map(([, words]) => words);
  throw new Refusal(409, "incomplete", `To order, there is still missing: ${missing.join(", ")}.`);
}

function isComplete(given: { readonly [Name in keyof Contents]?: unknown }): given is Complete {
  return Object.keys(needed).every((name) => given[name as keyof Contents] !== undefined);
}
