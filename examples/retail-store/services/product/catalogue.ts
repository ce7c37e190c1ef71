/**
 * The questions to the catalogue, each one statement: a list comes with its total, its tags and its ratings, as JSON that
 * PostgreSQL makes. No text of a statement depends on what somebody sent.
 */
import type { Database, DatabaseAnswer } from "../shared/database.ts";
import type { CatalogueProduct, Page } from "./product.ts";

/** `found` is false when the category is not there. */
export type Found = {
  readonly items: readonly CatalogueProduct[];
  readonly total: number;
  readonly found: boolean;
};

export type Review = {
  readonly username: string;
  readonly rating: number;
  readonly review: string;
};

/** How a list may be sorted; ties by id. */
const orders = {
  id: "id",
  name: "name, id",
  "-name": "name desc, id",
  price: "price, id",
  "-price": "price desc, id",
  rating: "rating_sum::float8 / greatest(review_count, 1) desc, review_count desc, id",
} as const;

export type Order = keyof typeof orders;

type Listing = {
  /** Over `product`; its own values begin at `$3`. */
  readonly where: string;
  readonly order: string;
  /** Whether what was asked for is there at all. */
  readonly found?: string;
};

type ListRow = {
  readonly found: boolean;
  readonly total: number;
  readonly items: readonly CatalogueProduct[];
};

/** `$1` is the size of the page and `$2` how many are before it. */
function listStatement({ where, order, found = "true" }: Listing): string {
  return `with matching as (
    select id, name, description, image, category, price, rating_sum, review_count
      from product where ${where}
  )
  select host(inet_server_addr()) as served_by, ${found} as found,
    (select count(*)::int from matching) as total,
    (select coalesce(json_agg(item), '[]') from (
      select id, name, description, image as img_url, category, price,
          case review_count when 0 then 0
            else round(rating_sum::numeric / review_count, 1) end as rating,
          review_count as reviews,
          array(select tag from product_tag where product_id = page.id order by tag) as tags
        from (select * from matching order by ${order} limit $1 offset $2) as page
    ) as item) as items`;
}

const inCategory = (order: Order): string =>
  listStatement({
    where: `category = $3
      and ($4::text is null or id in (select product_id from product_tag where tag = $4))`,
    order: orders[order],
    found: "exists (select from category where name = $3)",
  });

const withTags = (order: Order): string =>
  listStatement({
    where: `$3::text[] is null
      or id in (select product_id from product_tag where tag = any($3))`,
    order: orders[order],
  });

/** Whatever people type is a search: quotes, `or` and `-` mean what they do elsewhere, and nothing is an error. */
const search = listStatement({
  where: "search @@ websearch_to_tsquery('english', $3)",
  order: `ts_rank((select search from product where product.id = matching.id),
    websearch_to_tsquery('english', $3)) desc, id`,
});

const byIds = listStatement({ where: "id = any($3)", order: "array_position($3, id)" });

const reviewsOf = `select host(inet_server_addr()) as served_by,
    exists (select from product where id = $3) as found,
    (select review_count from product where id = $3) as total,
    (select coalesce(json_agg(item), '[]') from (
      select username, rating, review from review where product_id = $3
        order by id desc limit $1 offset $2
    ) as item) as items`;

const tags = `select host(inet_server_addr()) as served_by, name, display_name as "displayName"
  from tag order by place`;

type Reader = Pick<Database, "read">;

export type Answered<T> = { readonly value: T; readonly from: DatabaseAnswer<unknown>["from"] };

export function listCategory(
  catalog: Reader,
  asked: { readonly category: string; readonly tag: string | undefined; readonly order: Order },
  page: Page,
): Promise<Answered<Found>> {
  return list(catalog, inCategory(asked.order), [
    ...bounds(page),
    asked.category,
    asked.tag ?? null,
  ]);
}

/** `tags` undefined: all products. Otherwise those that carry one of them. */
export function listTagged(
  catalog: Reader,
  asked: { readonly tags: readonly string[] | undefined; readonly order: Order },
  page: Page,
): Promise<Answered<Found>> {
  return list(catalog, withTags(asked.order), [...bounds(page), asked.tags ?? null]);
}

export function searchProducts(
  catalog: Reader,
  text: string,
  page: Page,
): Promise<Answered<Found>> {
  return list(catalog, search, [...bounds(page), text]);
}

/** In the order of `ids`; those that are not there are left out. `seen`: as `Database.read` has it. */
export function listById(
  catalog: Reader,
  ids: readonly number[],
  seen?: string,
): Promise<Answered<Found>> {
  return list(catalog, byIds, [ids.length, 0, ids], seen);
}

export async function listReviews(
  catalog: Reader,
  productId: number,
  page: Page,
): Promise<
  Answered<{ readonly items: readonly Review[]; readonly total: number; readonly found: boolean }>
> {
  const { rows, from } = await catalog.read<{
    readonly found: boolean;
    readonly total: number | null;
    readonly items: readonly Review[];
  }>(reviewsOf, [...bounds(page), productId]);
  const [row] = rows;
  return {
    value: { items: row?.items ?? [], total: row?.total ?? 0, found: row?.found === true },
    from,
  };
}

export async function listTags(
  catalog: Reader,
): Promise<Answered<readonly { readonly name: string; readonly displayName: string }[]>> {
  const { rows, from } = await catalog.read<{
    readonly name: string;
    readonly displayName: string;
  }>(tags, []);
  return { value: rows, from };
}

async function list(
  catalog: Reader,
  sql: string,
  values: readonly unknown[],
  seen?: string,
): Promise<Answered<Found>> {
  const { rows, from } = await catalog.read<ListRow>(sql, values, seen);
  const [row] = rows;
  return {
    value: { items: row?.items ?? [], total: row?.total ?? 0, found: row?.found === true },
    from,
  };
}

function bounds({ page, size }: Page): readonly [number, number] {
  return [size, (page - 1) * size];
}
