/** A purchase from end to end: the catalog's prices, and then one statement. */
import type { ServiceClient } from "../shared/client.ts";
import type { Database, DatabaseAnswer } from "../shared/database.ts";
import { fetchOffers } from "./catalogue.ts";
import type { NewOrder } from "./order-input.ts";
import { findPlaced, placeOrder, type Changed } from "./orders.ts";
import { priceOrder, quantitiesOf, type PricedOrder } from "./pricing.ts";

/** What this service works with. */
export type OrderParts = {
  readonly database: Database;
  readonly products: ServiceClient;
  readonly region: string;
};

/**
 * Twice with one key is one order: the second time it is answered with the first one, and is not new.
 * @throws Refusal with nothing ordered: as `priceOrder` and `placeOrder`
 */
export async function buy(
  { database, products, region }: OrderParts,
  key: string,
  { items, ...order }: NewOrder,
): Promise<DatabaseAnswer<Changed>> {
  const offers = await fetchOffers(
    products,
    items.map(({ productId }) => productId),
  );
  let priced: PricedOrder;
  try {
    priced = priceOrder(items, offers, order.delivery);
  } catch (refusal) {
    // It may have been placed before the catalog changed, and the answer was lost. Whoever were refused now would order again.
    const quantities = quantitiesOf(items);
    const placed = await findPlaced(database, { key, customer: order.customer, quantities });
    if (placed.rows.length > 0) return placed;
    throw refusal;
  }
  return await placeOrder(database, { ...order, key, region, priced });
}
