/** The first page, categories, products, search. */
import type { FastifyReply, FastifyRequest } from "fastify";
import { z } from "zod";
import { Unavailable } from "../../shared/refusal.ts";
import type { Service } from "../../shared/service.ts";
import { categoryNamed, tagsIn } from "../browse.ts";
import { noteText } from "../notes.ts";
import { categoryPage, searchPage } from "../pages/category.ts";
import { errorPage } from "../pages/error.ts";
import { homePage } from "../pages/home.ts";
import { productPage } from "../pages/product.ts";
import {
  listCategory,
  popularProducts,
  reviewsOf,
  searchProducts,
  sorts,
  viewProduct,
  type Product,
} from "../shop/catalogue.ts";
import type { Shop } from "../shop/shop.ts";
import { missing } from "../trouble.ts";
import type { Visitor } from "../visitor.ts";
import { noteName, pageNumber, productId, type RouteParts } from "./parts.ts";

const listQuery = z.object({
  page: pageNumber,
  sort: z.enum(sorts).catch("name"),
  tag: z.string().max(40).optional().catch(undefined),
});

/** A month, two rows of four. */
const popular = { days: 30, top: 8 };

/** `/`, `/products/…`, `/search`. */
export function catalogueRoutes(pages: Service, parts: RouteParts): void {
  homeRoute(pages, parts);
  categoryRoute(pages, parts);
  productRoutes(pages, parts);
  searchRoute(pages, parts);
}

function homeRoute(pages: Service, { shop, site }: RouteParts): void {
  const query = z.object({ note: noteName });
  pages.get("/", { schema: { querystring: query } }, async (request, reply) => {
    const products = await popularOrWellRated(shop, site.visitorOf(request));
    return site.page(request, reply, {
      title: "Well made, whatever the weather",
      main: homePage(products),
      note: noteText(request.query.note),
    });
  });
}

/** A shop that has sold nothing yet shows what its reviewers like. */
async function popularOrWellRated(shop: Shop, visitor: Visitor): Promise<readonly Product[]> {
  const products = await popularProducts(shop, visitor, popular);
  if (products.length > 0) return products;
  const query = { category: "fashion", page: 1, sort: "rating", tag: undefined } as const;
  const { product_items } = await listCategory(shop, visitor, query);
  return product_items.slice(0, popular.top);
}

function categoryRoute(pages: Service, { shop, site }: RouteParts): void {
  const params = z.object({ category: z.string() });
  const schema = { params, querystring: listQuery };
  pages.get("/products/:category", { schema }, async (request, reply) => {
    const category = categoryNamed(request.params.category);
    if (!category) {
      return site.page(request, reply, { title: missing.title, main: errorPage(missing) }, 404);
    }
    const { page, sort, tag: asked } = request.query;
    const tag = tagsIn(category.name).find(({ name }) => name === asked)?.name;
    const query = { category: category.name, page, sort, tag };
    const list = await listCategory(shop, site.visitorOf(request), query);
    return site.page(request, reply, {
      title: category.displayName,
      category: category.name,
      main: categoryPage(category, list, query),
    });
  });
}

function productRoutes(pages: Service, { shop, site }: RouteParts): void {
  const show = async (request: FastifyRequest, reply: FastifyReply, id: number) => {
    const visitor = site.visitorOf(request);
    const [product, reviews] = await Promise.all([
      viewProduct(shop, visitor, id),
      // A page without reviews is better than none.
      reviewsOf(shop, visitor, id).catch((error: unknown) => {
        if (error instanceof Unavailable) return undefined;
        throw error;
      }),
    ]);
    return site.page(request, reply, {
      title: product.name,
      category: product.category,
      main: productPage(visitor, product, reviews),
    });
  };
  // What names the category wrongly shows the product all the same: ids are unique.
  const params = z.object({ category: z.string(), item: productId });
  pages.get("/products/:category/:item", { schema: { params } }, (request, reply) =>
    show(request, reply, request.params.item),
  );
  const querystring = z.object({ id: productId });
  pages.get("/products/view", { schema: { querystring } }, (request, reply) =>
    show(request, reply, request.query.id),
  );
}

function searchRoute(pages: Service, { shop, site }: RouteParts): void {
  const querystring = z.object({ q: z.string().max(200).catch("").default(""), page: pageNumber });
  pages.get("/search", { schema: { querystring } }, async (request, reply) => {
    const { q, page } = request.query;
    const text = q.trim().slice(0, 100);
    const list = text
      ? await searchProducts(shop, site.visitorOf(request), { text, page })
      : undefined;
    return site.page(request, reply, {
      title: text ? `Search: ${text}` : "Search",
      searched: text,
      main: searchPage(text, list),
    });
  });
}
