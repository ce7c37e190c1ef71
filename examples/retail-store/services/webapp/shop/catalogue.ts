/** What is sold, as the product service tells it. */
import { Refusal } from "../../shared/refusal.ts";
import type { Visitor } from "../visitor.ts";
import type { Shop } from "./shop.ts";

export type Product = {
  readonly id: number;
  readonly name: string;
  readonly description: string;
  readonly img_url: string;
  readonly category: string;
  /** Pieces that are left. */
  readonly inventory: number;
  /** With two decimals. */
  readonly price: number;
  /** Mean of 1 to 5; 0 without reviews. */
  readonly rating: number;
  /** How many. */
  readonly reviews: number;
  readonly tags: readonly string[];
};

export type ProductList = {
  readonly product_items: readonly Product[];
  readonly page: number;
  readonly size: number;
  readonly total: number;
  readonly pages: number;
};

export type Review = {
  readonly username: string;
  readonly rating: number;
  readonly review: string;
};

export const sorts = ["name", "price", "-price", "rating"] as const;
export type Sort = (typeof sorts)[number];

/** Fills rows of two, three and four. */
const pageSize = 12;

export type CategoryQuery = {
  readonly category: string;
  readonly page: number;
  readonly sort: Sort;
  readonly tag: string | undefined;
};

/** One call: nothing else is asked for a category's page. */
export function listCategory(
  shop: Shop,
  visitor: Visitor,
  { category, page, sort, tag }: CategoryQuery,
): Promise<ProductList> {
  const query = new URLSearchParams({ page: `${page}`, size: `${pageSize}`, sort });
  if (tag) query.set("tag", tag);
  return visitor.ask(shop.product, "GET", `/products/${encodeURIComponent(category)}?${query}`);
}

/** What fits `text`, the best first. */
export function searchProducts(
  shop: Shop,
  visitor: Visitor,
  { text, page }: { readonly text: string; readonly page: number },
): Promise<ProductList> {
  const query = new URLSearchParams({ q: text, page: `${page}`, size: `${pageSize}` });
  return visitor.ask(shop.product, "GET", `/products/search?${query}`);
}

/** @throws Refusal 404 when there is none */
export async function viewProduct(shop: Shop, visitor: Visitor, id: number): Promise<Product> {
  const path = `/products/view?id=${id}`;
  const { product_items: items } = await visitor.ask<ProductList>(shop.product, "GET", path);
  const [product] = items;
  if (product) return product;
  throw new Refusal(404, "unknown-product", `There is no product ${id}.`);
}

/** The first page of a product's reviews. @throws Refusal 404 when there is no such product */
export async function reviewsOf(
  shop: Shop,
  visitor: Visitor,
  id: number,
): Promise<readonly Review[]> {
  const { reviews } = await visitor.ask<{ readonly reviews: readonly Review[] }>(
    shop.product,
    "GET",
    `/products/reviews?id=${id}`,
  );
  return reviews;
}

/** In any order; those that are not sold any more are missing. */
export async function productsById(
  shop: Shop,
  visitor: Visitor,
  ids: readonly number[],
): Promise<ReadonlyMap<number, Product>> {
  if (ids.length === 0) return new Map();
  const { product_items } = await visitor.ask<Pick<ProductList, "product_items">>(
    shop.product,
    "GET",
    `/products/getproducts?productlist=${ids.join(",")}`,
  );
  return new Map(product_items.map((product) => [product.id, product]));
}

/** The best sellers of the last `days`, the best first. */
export async function popularProducts(
  shop: Shop,
  visitor: Visitor,
  { top, days }: { readonly top: number; readonly days: number },
): Promise<readonly Product[]> {
  const { product_items } = await visitor.ask<Pick<ProductList, "product_items">>(
    shop.product,
    "GET",
    `/products/popularitems?top=${top}&interval=${days}`,
  );
  return product_items;
}
