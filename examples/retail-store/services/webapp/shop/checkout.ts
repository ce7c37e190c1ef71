/** A purchase under way, as the checkout service keeps it in its Region. */
import { Refusal } from "../../shared/refusal.ts";
import type { Visitor } from "../visitor.ts";
import type { Shop } from "./shop.ts";

export type Address = {
  readonly firstName: string;
  readonly lastName: string;
  readonly address1: string;
  readonly address2?: string | undefined;
  readonly city: string;
  readonly state?: string | undefined;
  readonly zip: string;
  readonly country?: string | undefined;
};

export type CheckoutItem = {
  readonly id: number;
  readonly name: string;
  readonly quantity: number;
  readonly price: number;
  readonly totalCost: number;
};

export type Rate = {
  readonly name: string;
  readonly amount: number;
  readonly token: string;
  readonly estimatedDays: number;
};

export type Checkout = {
  readonly id: string;
  /** Of this purchase: whatever is sent twice with it is one order. */
  readonly idempotencyKey: string;
  /** `sent`: nobody could say yet whether it was placed. */
  readonly status: "open" | "sent" | "submitted";
  /** What it has become, once it is submitted. */
  readonly order?: { readonly orderId: number };
  readonly items: readonly CheckoutItem[];
  readonly subtotal: number;
  readonly tax: number;
  readonly shipping: number;
  readonly total: number;
  readonly shippingRates?: { readonly rates: readonly Rate[] };
  readonly deliveryOptionToken?: string;
  readonly shippingAddress?: Address;
  readonly customerEmail?: string;
  readonly cardLast4?: string;
  /** It is kept in a spare place, since its usual one does not answer. */
  readonly fallback: boolean;
};

export type CheckoutChange = {
  readonly items?: readonly { readonly id: number; readonly quantity: number }[];
  /** Whose the order will be. */
  readonly customer?: string;
  readonly customerEmail?: string;
  readonly shippingAddress?: Address;
  readonly deliveryOptionToken?: string;
};

/** Undefined when none is under way here: not begun, too old, or begun in another Region. */
export async function currentCheckout(shop: Shop, visitor: Visitor): Promise<Checkout | undefined> {
  try {
    return await visitor.ask<Checkout>(shop.checkout, "GET", pathOf(visitor));
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}

/** Whether that is the service's word for "none is under way here". */
export function isGone(error: unknown): boolean {
  return error instanceof Refusal && error.code === "no-checkout";
}

/** Begins one where none is. Prices and names are the service's own. */
export function updateCheckout(
  shop: Shop,
  visitor: Visitor,
  change: CheckoutChange,
): Promise<Checkout> {
  return visitor.ask(shop.checkout, "POST", `${pathOf(visitor)}/update`, change);
}

export type Card = { readonly number: string; readonly expires: string; readonly code: string };

/** @throws Refusal for a card that cannot be */
export async function payWith(shop: Shop, visitor: Visitor, card: Card): Promise<void> {
  await visitor.ask(shop.checkout, "POST", `${pathOf(visitor)}/payment`, card);
}

/** What the person agreed to. */
export type ShownPurchase = {
  /** Compared, never charged. */
  readonly total: number;
  /** Its `idempotencyKey`: another purchase that is under way is not ordered in its place. */
  readonly key?: string | undefined;
};

/** What it has become: of all that the service tells, what pages need. */
export type PlacedOrder = {
  readonly orderId: number;
  readonly items: readonly { readonly id: number; readonly quantity: number }[];
};

/**
 * Orders it. Twice is as once.
 * @throws Refusal 404 when it is not there any more, 409 when a price has changed or something is sold out
 */
export function submitCheckout(
  shop: Shop,
  visitor: Visitor,
  shown: ShownPurchase,
): Promise<PlacedOrder> {
  return visitor.ask(shop.checkout, "POST", `${pathOf(visitor)}/submit`, shown);
}

function pathOf(visitor: Visitor): string {
  return `/checkout/${encodeURIComponent(visitor.checkoutId)}`;
}
