/** Fills an empty catalogue with the assortment, in one statement for each table. */
import type pg from "pg";
import { categories, tags } from "./assortment/model.ts";
import { imageOf, keywordsOf, products } from "./products.ts";
import { reviews } from "./reviews.ts";
import type { Migration } from "./migrate.ts";

/** What the product service runs behind the tables. */
export const catalogSeed: Migration = { name: "900-assortment", run: seedCatalog };

/** In the caller's transaction. What is there already stays as it is. */
async function seedCatalog(client: pg.ClientBase): Promise<void> {
  await client.query(
    `insert into category (name, display_name, place)
       select name, "displayName", place from jsonb_to_recordset($1)
         as row (name text, "displayName" text, place int)
       on conflict do nothing`,
    [JSON.stringify(categories.map((category, place) => ({ ...category, place })))],
  );
  await client.query(
    `insert into tag (name, display_name, place)
       select name, "displayName", place from jsonb_to_recordset($1)
         as row (name text, "displayName" text, place int)
       on conflict do nothing`,
    [
      JSON.stringify(
        Object.entries(tags).map(([name, displayName], place) => ({ name, displayName, place })),
      ),
    ],
  );
  await client.query(
    `insert into product (id, sku, name, description, category, price, image, keywords)
       select id, sku, name, description, category, cents / 100.0, image, keywords
         from jsonb_to_recordset($1) as row (id int, sku text, name text, description text,
           category text, cents int, image text, keywords text)
       on conflict do nothing`,
    [JSON.stringify(productRows())],
  );
  await client.query(
    `insert into product_tag (product_id, tag)
       select "productId", tag from jsonb_to_recordset($1) as row ("productId" int, tag text)
       on conflict do nothing`,
    [
      JSON.stringify(
        products.flatMap(({ id, tags: own }) => own.map((tag) => ({ productId: id, tag }))),
      ),
    ],
  );
  await client.query(
    `insert into review (product_id, username, rating, review)
       select "productId", username, rating, review from jsonb_to_recordset($1)
         as row ("productId" int, username text, rating int, review text)
       on conflict do nothing`,
    [JSON.stringify(reviews)],
  );
}

function productRows(): readonly Readonly<Record<string, unknown>>[] {
  return products.map((product) => {
    const { id, sku, name, description, category, cents } = product;
    const image = imageOf(id);
    return { id, sku, name, description, category, cents, image, keywords: keywordsOf(product) };
  });
}
