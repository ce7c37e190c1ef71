/** Orders in their database: each of these is one statement. */
import type { Database, DatabaseAnswer } from "../shared/database.ts";
import type { NewOrder } from "./order-input.ts";
import { refusalOf } from "./order-refusals.ts";
import type { PricedOrder } from "./pricing.ts";

/** As `order_document` has it. */
export type Order = {
  readonly id: number;
  readonly customer: string;
  readonly firstName: string;
  readonly lastName: string;
  readonly email: string;
  readonly address: Readonly<Record<string, string>> | null;
  readonly delivery: string | null;
  readonly cardLast4: string | null;
  readonly status: "placed" | "cancelled";
  /** Where it was bought. */
  readonly region: string;
  readonly createdAt: string;
  readonly subtotal: number;
  readonly tax: number;
  readonly shipping: number;
  readonly total: number;
  readonly items: readonly {
    readonly productId: number;
    readonly name: string;
    readonly quantity: number;
    readonly price: number;
    readonly totalCost: number;
  }[];
};

export type OrderList = {
  readonly orders: readonly Order[];
  readonly total: number;
};

/** 20 on a page. */
export const pageSize = 20;

/** What became of an order; `is_new`: by this very call. */
export type Changed = { readonly is_new: boolean; readonly document: Order };
type Found = { readonly document: Order };
type Sale = Omit<NewOrder, "items"> & {
  readonly key: string;
  readonly region: string;
  readonly priced: PricedOrder;
};

const place = `
  select host(inet_server_addr()) as served_by, placed.*
  from place_order($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) as placed`;

/**
 * Twice with one key is one order, so it may be repeated when an answer was lost.
 * @throws Refusal 409 sold out, 422 where another order has the key, 404 for a product without stock
 */
export async function placeOrder(database: Database, sale: Sale): Promise<DatabaseAnswer<Changed>> {
  const { priced, address } = sale;
  const values = [
    sale.key,
    sale.customer,
    sale.email,
    sale.firstName,
    sale.lastName,
    address === undefined ? null : JSON.stringify(address),
    sale.delivery ?? null,
    sale.cardLast4 ?? null,
    sale.region,
    JSON.stringify(priced.lines),
    priced.subtotal,
    priced.tax,
    priced.shipping,
  ];
  return await database
    .write<Changed>(place, values, { isRepeatable: true })
    .catch((error: unknown) => {
      throw refusalOf(error) ?? error;
    });
}

/** No row: this customer has placed no order of these products with this key. Asked at the writer, which knows it first. */
export function findPlaced(
  database: Database,
  order: {
    readonly key: string;
    readonly customer: string;
    readonly quantities: Readonly<Record<string, number>>;
  },
): Promise<DatabaseAnswer<Changed>> {
  return database.write<Changed>(
    `/* leeward:writer */
     select host(inet_server_addr()) as served_by, false as is_new, document
     from order_document
     where id = (select id from customer_order where idempotency_key = $1)
       and customer_ref = $2
       and $3 = (
         select jsonb_object_agg(product_id, quantity)
         from order_item
         where order_id = order_document.id
       )`,
    [order.key, order.customer, JSON.stringify(order.quantities)],
    { isRepeatable: true },
  );
}

/** No row: this customer has placed nothing with this key. Asked at the writer, which knows it first. */
export function findByKey(
  database: Database,
  order: { readonly key: string; readonly customer: string },
): Promise<DatabaseAnswer<Found>> {
  return database.write<Found>(
    `/* leeward:writer */
     select host(inet_server_addr()) as served_by, document
     from order_document
     where id = (select id from customer_order where idempotency_key = $1)
       and customer_ref = $2`,
    [order.key, order.customer],
    { isRepeatable: true },
  );
}

/** No row: this customer has no such order. Twice is as once. */
export function cancelOrder(
  database: Database,
  order: { readonly id: number; readonly customer: string },
): Promise<DatabaseAnswer<Changed>> {
  return database.write<Changed>(
    `select host(inet_server_addr()) as served_by, cancelled.*
     from cancel_order($1, $2) as cancelled`,
    [order.id, order.customer],
    { isRepeatable: true },
  );
}

/** No row: this customer has no such order. `seen` as in `Database.read`. */
export function findOrder(
  database: Database,
  order: { readonly id: number; readonly customer: string },
  seen: string | undefined,
): Promise<DatabaseAnswer<Found>> {
  return database.read<Found>(
    `select host(inet_server_addr()) as served_by, document
     from order_document
     where id = $1 and customer_ref = $2`,
    [order.id, order.customer],
    seen,
  );
}

/** As `findOrder`, for those who know the e-mail address that it was ordered with. */
export function findOrderByEmail(
  database: Database,
  order: { readonly id: number; readonly email: string },
  seen: string | undefined,
): Promise<DatabaseAnswer<Found>> {
  return database.read<Found>(
    `select host(inet_server_addr()) as served_by, document
     from order_document
     where id = $1 and email = $2`,
    [order.id, order.email],
    seen,
  );
}

/** One row: a page of the customer's orders, the newest first, and how many there are in all. */
export function listOrders(
  database: Database,
  list: { readonly customer: string; readonly page: number },
  seen: string | undefined,
): Promise<DatabaseAnswer<OrderList>> {
  return database.read<OrderList>(
    `select
       host(inet_server_addr()) as served_by,
       (select count(*)::int from customer_order where customer_ref = $1) as total,
       (
         select coalesce(jsonb_agg(document order by id desc), '[]')
         from (
           select id, document from order_document
           where customer_ref = $1
           order by id desc
           limit $2 offset $3
         ) as page
       ) as orders`,
    [list.customer, pageSize, (list.page - 1) * pageSize],
    seen,
  );
}
