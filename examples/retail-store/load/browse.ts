/** Looking around: the first page, categories, their further pages, a search, products. */
import { hasForm } from "./read-form.ts";
import { astray, linksOf, linkWithRel } from "./read-page.ts";
import type { Page, Visitor } from "./visitor.ts";

const categoryLink = /^\/products\/[a-z]+$/;
const productLink = /^\/products\/[a-z]+\/\d+$/;

/** Where the form leads that puts a product into the cart; a product that is sold out has none. */
export const addToCart = "/cart/addToCart";

/** What people look for. */
const searches = ["watch", "ring", "city bike", "wool", "silver", "coat", "dress", "leather"];

/** 5 products that are sold out, one after the other: the shop is empty. */
const soldOutMax = 5;

/** Always the same kind of page, as a figure needs it. */
export async function onePage(visitor: Visitor): Promise<void> {
  visitor.step("category");
  const page = await visitor.get("/products/fashion");
  if (linksOf(page, productLink).length === 0) astray("A category", page);
}

export async function browse(visitor: Visitor): Promise<void> {
  const category = await openCategory(visitor);
  const next = linkWithRel(category, "next");
  if (next !== undefined) {
    visitor.step("paging");
    const page = await visitor.get(next);
    if (linksOf(page, productLink).length === 0) astray("The next page of a category", page);
  }
  visitor.step("search");
  const query = new URLSearchParams({ q: visitor.pick(searches) });
  const found = await visitor.get(`/search?${query}`);
  const links = [...linksOf(found, productLink), ...linksOf(category, productLink)];
  for (const path of [visitor.pick(links), visitor.pick(links)]) {
    visitor.step("product");
    await visitor.get(path);
  }
}

/** From the first page to a product that can be bought. */
export async function findProduct(visitor: Visitor): Promise<Page> {
  const category = await openCategory(visitor);
  const links = linksOf(category, productLink);
  visitor.step("product");
  for (let tried = 1; ; tried += 1) {
    const product = await visitor.get(visitor.pick(links));
    if (hasForm(product, addToCart)) return product;
    if (tried === soldOutMax) astray("A product that is not sold out", product);
  }
}

async function openCategory(visitor: Visitor): Promise<Page> {
  visitor.step("home");
  const home = await visitor.get("/");
  const categories = linksOf(home, categoryLink);
  if (categories.length === 0) astray("A first page with categories", home);
  visitor.step("category");
  const category = await visitor.get(visitor.pick(categories));
  if (linksOf(category, productLink).length === 0) astray("A category with products", category);
  return category;
}
