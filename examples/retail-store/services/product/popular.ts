/** What has sold well lately, from the orders of this Region's copy. */
import type { Database } from "../shared/database.ts";
import { hold, withinOr, type Held } from "./held.ts";

export type Sold = { readonly productId: number; readonly sold: number };

export interface Popular {
  /** The best of the last `days`, the best first; at most `popularMax`. */
  of(days: number): Promise<readonly Sold[]>;
}

/** Nobody reads further down a list of best sellers. */
const popularMax = 50;

/** 5 s: it looks at all orders of the time asked for, which may be many; and nobody notices. */
const freshMs = 5_000;

/** 250 ms, as for stock. */
const waitMs = 250;

/** 1 s: without orders nothing is popular, and the page that shows it goes on. */
const firstWaitMs = 1_000;

/** Different numbers of days that are kept; then the oldest question is forgotten. */
const keptMax = 16;

const bestSellers = `select item.product_id, sum(item.quantity)::int as sold
  from customer_order as placed join order_item as item on item.order_id = placed.id
  where placed.created_at >= now() - make_interval(days => $1) and placed.status = 'placed'
  group by item.product_id order by sold desc, item.product_id limit $2`;

type Row = { readonly product_id: number; readonly sold: number };

/** `orders` stays the caller's. */
export function openPopular(orders: Pick<Database, "read">): Popular {
  const held = new Map<number, Held<readonly Sold[]>>();
  return {
    of: async (days) => {
      const known = held.get(days) ?? hold(() => load(orders, days), { freshMs, waitMs });
      held.set(days, known);
      const [oldest] = held.keys();
      if (held.size > keptMax && oldest !== undefined) held.delete(oldest);
      return await withinOr(firstWaitMs, known.get(), []);
    },
  };
}

async function load(orders: Pick<Database, "read">, days: number): Promise<readonly Sold[]> {
  const { rows } = await orders.read<Row>(bestSellers, [days, popularMax]);
  return rows.map((row) => ({ productId: row.product_id, sold: row.sold }));
}
