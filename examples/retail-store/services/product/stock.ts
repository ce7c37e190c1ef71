/** How many pieces there are. The orders database keeps that; here it is only shown. */
import type { Database } from "../shared/database.ts";
import { hold, withinOr } from "./held.ts";

export interface Stock {
  /** Pieces by product, at most a second old while the orders database answers. Missing: none. */
  all(): Promise<ReadonlyMap<number, number>>;
  /** Of one product, as it is now and as `seen` asks for; as `all` says where that takes too long. */
  now(productId: number, seen: string | undefined): Promise<StockNow>;
}

/** `seen`: as `DatabaseAnswer` has it. */
export type StockNow = { readonly pieces: number; readonly seen: string | undefined };

/** 1 s: a page that says "3 left" is as old as that by the time it is read anyway. */
const freshMs = 1_000;

/** 250 ms: what a page may wait for numbers; without orders it goes on with the last known. */
const waitMs = 250;

/** 1 s: for the page of one product, which shows the number large. */
const viewWaitMs = 1_000;

/** Before the orders database has answered for the first time, nothing is promised. */
const unknown: ReadonlyMap<number, number> = new Map();

type Row = { readonly product_id: number; readonly on_hand: number };

/** `orders` stays the caller's. */
export function openStock(orders: Pick<Database, "read">): Stock {
  const held = hold(
    async () => {
      const { rows } = await orders.read<Row>("select product_id, on_hand from inventory", []);
      return new Map(rows.map((row) => [row.product_id, row.on_hand]));
    },
    { freshMs, waitMs },
  );
  let isKnown = false;
  const all = async (): Promise<ReadonlyMap<number, number>> => {
    // Once there is a number, `hold` itself waits no longer.
    if (isKnown) return await held.get();
    const found = await withinOr(waitMs, held.get(), unknown);
    isKnown = found !== unknown;
    return found;
  };
  return {
    all,
    now: async (productId, seen) => {
      const asked = orders
        .read<Row>("select on_hand from inventory where product_id = $1", [productId], seen)
        .then((answer) => ({ pieces: answer.rows[0]?.on_hand ?? 0, seen: answer.seen }));
      const known = await withinOr<StockNow | undefined>(viewWaitMs, asked, undefined);
      return known ?? { pieces: (await all()).get(productId) ?? 0, seen: undefined };
    },
  };
}
