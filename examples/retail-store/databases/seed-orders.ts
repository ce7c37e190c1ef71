/** What the orders database has from the beginning: its tables and functions, and a stock of every product. */
import { migrationsIn, type Migration } from "./migrate.ts";

export type Stock = { readonly productId: number; readonly onHand: number };

/** All of the orders database, for `migrate`. `stock` has each product once. */
export function orderMigrations(stock: readonly Stock[]): readonly Migration[] {
  const seed: Migration = {
    name: "100-stock",
    run: (client) =>
      client.query(
        `insert into inventory (product_id, on_hand)
         select * from unnest($1::int[], $2::int[])
         on conflict do nothing`,
        [stock.map(({ productId }) => productId), stock.map(({ onHand }) => onHand)],
      ),
  };
  return [...migrationsIn("orders"), seed];
}
