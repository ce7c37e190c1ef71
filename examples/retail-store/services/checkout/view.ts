/** A checkout as people see it: names, prices and totals as they are now, and nothing of a card but its end. Pure. */
import { formatCents, fromCents } from "../shared/money.ts";
import { Refusal } from "../shared/refusal.ts";
import { deliveries, deliveryTokens, totalsOf } from "../shared/totals.ts";
import type { Contents, PlacedOrder, State } from "./state.ts";

export type Product = { readonly id: number; readonly name: string; readonly priceCents: number };

export type Line = {
  readonly id: number;
  readonly name: string;
  readonly quantity: number;
  readonly price: number;
  readonly totalCost: number;
};

export type Priced = Pick<PlacedOrder, "subtotal" | "tax" | "shipping" | "total"> & {
  readonly items: readonly Line[];
};

/** As `GET /checkout/:id` answers. */
export type View = Priced & {
  readonly id: string;
  readonly status: State["status"];
  readonly idempotencyKey: string;
  readonly shippingRates: {
    readonly shipmentId: string;
    readonly rates: readonly {
      readonly name: string;
      readonly amount: number;
      readonly token: string;
      readonly estimatedDays: number;
    }[];
  };
  readonly deliveryOptionToken: Contents["deliveryOptionToken"];
  readonly shippingAddress: Contents["shippingAddress"];
  readonly customerEmail: Contents["customerEmail"];
  readonly cardLast4: string | undefined;
  /** What it became, once it is submitted. */
  readonly order: PlacedOrder | undefined;
  /** Redis does not answer, and the state is in PostgreSQL. */
  readonly fallback: boolean;
};

/** A product that is not sold any more is left out. */
export function priced(contents: Contents, products: readonly Product[]): Priced {
  const lines = contents.items.flatMap(({ id, quantity }) => {
    const product = products.find((one) => one.id === id);
    return product ? [{ ...product, quantity }] : [];
  });
  const totals = totalsOf(
    lines.map(({ quantity, priceCents: unitCents }) => ({ quantity, unitCents })),
    contents.deliveryOptionToken,
  );
  return {
    items: lines.map(({ id, name, quantity, priceCents }) => ({
      id,
      name,
      quantity,
      price: fromCents(priceCents),
      totalCost: fromCents(quantity * priceCents),
    })),
    subtotal: fromCents(totals.subtotalCents),
    tax: fromCents(totals.taxCents),
    shipping: fromCents(totals.shippingCents),
    total: fromCents(totals.totalCents),
  };
}

type Shown = {
  readonly id: string;
  readonly state: State;
  readonly now: Priced;
  readonly isFallback: boolean;
};

export function viewOf({ id, state, now, isFallback }: Shown): View {
  const { status, idempotencyKey, shipmentId, contents } = state;
  const order = status === "submitted" ? state.order : undefined;
  const rates = deliveryTokens.map((token) => {
    const { name, cents, estimatedDays } = deliveries[token];
    return { name, amount: fromCents(cents), token, estimatedDays };
  });
  const { items, subtotal, tax, shipping, total } = order ?? now;
  return {
    id,
    status,
    idempotencyKey,
    items,
    subtotal,
    tax,
    shipping,
    total,
    shippingRates: { shipmentId, rates },
    deliveryOptionToken: contents.deliveryOptionToken,
    shippingAddress: contents.shippingAddress,
    customerEmail: contents.customerEmail,
    cardLast4: contents.payment?.cardLast4,
    order,
    fallback: isFallback,
  };
}

/**
 * Nobody pays another sum than the one that he was shown.
 * @throws Refusal 409
 */
export function mustCost(shownTotal: number | undefined, { total, items }: Priced): void {
  if (items.length === 0) {
    throw new Refusal(409, "incomplete", "Nothing of this is sold any more.");
  }
  if (shownTotal === undefined || shownTotal === total) return;
  const text = `Prices have changed: this costs ${formatCents(Math.round(total * 100))} now.`;
  throw new Refusal(409, "price-differs", `${text} Please look at it once more.`);
}
