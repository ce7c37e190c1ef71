/**
 * Adds a product: first to the catalogue, then its pieces to the orders database. Two databases cannot commit as one, so
 * each step may be done twice: who got no answer asks again with the same SKU, and there is one product.
 */
import type { Database } from "../shared/database.ts";
import { Refusal, Unavailable } from "../shared/refusal.ts";
import type { Visit } from "../shared/servers.ts";
import type { NewProduct } from "./input.ts";

export type Added = {
  readonly id: number;
  /** False: it was there already, just so. */
  readonly isNew: boolean;
  readonly wrote: Visit;
  /** What a read of the catalogue has to see. */
  readonly seen: string | undefined;
};

const insertProduct = `with added as (
    insert into product (sku, name, description, category, price, image, keywords)
      values ($1, $2, $3, $4, $5, $6, $7)
      on conflict (sku) do nothing returning id
  ), tagged as (
    insert into product_tag (product_id, tag) select id, tag from added, unnest($8::text[]) as tag
  )
  select host(inet_server_addr()) as served_by, id, true as is_new, true as is_same from added
  union all
  select host(inet_server_addr()), id, false,
      (name, description, category, price) = ($2::text, $3::text, $4::text, $5::numeric)
    from product where sku = $1 and not exists (select from added)`;

type Row = { readonly id: number; readonly is_new: boolean; readonly is_same: boolean };

/**
 * @throws Refusal 404 for an unknown category, 400 for an unknown tag, 409 when the SKU is another product's
 * @throws Unavailable when a database does not answer
 */
export async function addProduct(
  { catalog, orders }: { readonly catalog: Database; readonly orders: Database },
  category: string,
  product: NewProduct,
): Promise<Added> {
  const { sku, name, description, price, tags, inventory } = product;
  const image = product.image ?? `/assets/${category}.svg`;
  const keywords = [category, ...tags].join(", ");
  const values = [sku, name, description, category, price, image, keywords, [...new Set(tags)]];
  const { rows, from, seen } = await catalog
    .write<Row>(insertProduct, values, { isRepeatable: true })
    .catch((error: unknown) => {
      throw refusalFor(error, category) ?? error;
    });
  const [row] = rows;
  // Somebody else added it in the same moment, and this statement began too early to see it.
  if (!row) throw new Unavailable("The same product is being added just now. Please try again.");
  if (!row.is_same) {
    throw new Refusal(409, "sku-taken", `Another product has the SKU ${sku} already.`);
  }
  await orders.write(
    "insert into inventory (product_id, on_hand) values ($1, $2) on conflict do nothing",
    [row.id, inventory],
    { isRepeatable: true },
  );
  return { id: row.id, isNew: row.is_new, wrote: from, seen };
}

function refusalFor(error: unknown, category: string): Refusal | undefined {
  const { code, constraint } = error as { readonly code?: string; readonly constraint?: string };
  if (code !== "23503") return undefined;
  return constraint === "product_tag_tag_fkey"
    ? new Refusal(400, "unknown-tag", "One of the tags is not there: see /catalogue/tags.")
    : new Refusal(404, "unknown-category", `There is no category ${category}.`);
}
