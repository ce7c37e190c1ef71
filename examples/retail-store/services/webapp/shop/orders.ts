/** What was bought, as the order service keeps it. */
import { Refusal } from "../../shared/refusal.ts";
import type { Visitor } from "../visitor.ts";
import type { Address } from "./checkout.ts";
import type { Shop } from "./shop.ts";

export type OrderItem = {
  readonly productId: number;
  readonly name: string;
  readonly quantity: number;
  readonly price: number;
  readonly totalCost: number;
};

export type Order = {
  readonly id: number;
  readonly status: "placed" | "cancelled";
  readonly firstName: string;
  readonly lastName: string;
  readonly email: string;
  /** These three are null in orders of older clients. */
  readonly address: Partial<Address> | null;
  readonly delivery: string | null;
  readonly cardLast4: string | null;
  readonly items: readonly OrderItem[];
  readonly subtotal: number;
  readonly tax: number;
  readonly shipping: number;
  readonly total: number;
  readonly region: string;
  readonly createdAt: string;
};

export type OrderList = {
  readonly orders: readonly Order[];
  readonly page: number;
  readonly pages: number;
};

/** The visitor's own, the newest first. */
export function listOrders(shop: Shop, visitor: Visitor, page: number): Promise<OrderList> {
  const query = new URLSearchParams({ customer: visitor.customer, page: `${page}` });
  return visitor.ask(shop.order, "GET", `/orders?${query}`);
}

/** @throws Refusal 404 when there is none, also when it is somebody else's */
export function viewOrder(shop: Shop, visitor: Visitor, id: string): Promise<Order> {
  const query = new URLSearchParams({ customer: visitor.customer });
  return visitor.ask(shop.order, "GET", `/orders/${encodeURIComponent(id)}?${query}`);
}

/** What was placed with this key, for whoever lost the answer; undefined: nothing. */
export async function orderWithKey(
  shop: Shop,
  visitor: Visitor,
  key: string,
): Promise<Order | undefined> {
  const query = new URLSearchParams({ customer: visitor.customer });
  try {
    return await visitor.ask<Order>(shop.order, "GET", `/orders/key/${key}?${query}`);
  } catch (error) {
    if (error instanceof Refusal && error.status === 404) return undefined;
    throw error;
  }
}

/** Twice is as once. @throws Refusal as `viewOrder` */
export async function cancelOrder(shop: Shop, visitor: Visitor, id: string): Promise<void> {
  await visitor.ask(shop.order, "POST", "/order/cancel", {
    order_id: Number(id),
    customer: visitor.customer,
  });
}
