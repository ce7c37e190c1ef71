/** `/products/…`: what the shop's pages and the other services ask for. */
import { z } from "zod";
import type { Database } from "../shared/database.ts";
import { Refusal } from "../shared/refusal.ts";
import { seenOf, tellServers, type Service } from "../shared/service.ts";
import { listById, listReviews, searchProducts } from "./catalogue.ts";
import * as input from "./input.ts";
import type { Lists } from "./lists.ts";
import type { Popular } from "./popular.ts";
import { listOf, withStock, type Product } from "./product.ts";
import type { Stock } from "./stock.ts";

export type ProductParts = {
  readonly catalog: Database;
  readonly orders: Database;
  readonly lists: Lists;
  readonly stock: Stock;
  readonly popular: Popular;
};

/** Adds the routes that list products. */
export function addListRoutes(service: Service, parts: ProductParts): void {
  const { catalog, lists, stock, popular } = parts;
  const getProducts = { querystring: z.object({ productlist: input.productIds }) };
  service.get("/products/getproducts", { schema: getProducts }, async (request, reply) => {
    const ids = request.query.productlist;
    const [{ value, from }, pieces] = await Promise.all([listById(catalog, ids), stock.all()]);
    tellServers(reply, { read: from });
    const items = withStock(value.items, pieces);
    return listOf(items, items.length, { page: 1, size: Math.max(1, items.length) });
  });

  const popularItems = { querystring: input.popularQuery };
  service.get("/products/popularitems", { schema: popularItems }, async (request, reply) => {
    const { top, interval } = request.query;
    const best = (await popular.of(interval)).slice(0, top);
    const sold = new Map(best.map((entry) => [entry.productId, entry.sold]));
    const [{ value, from }, pieces] = await Promise.all([
      listById(catalog, [...sold.keys()]),
      stock.all(),
    ]);
    tellServers(reply, { read: from });
    const items = withStock(value.items, pieces).map((item) => ({
      ...item,
      sold: sold.get(item.id) ?? 0,
    }));
    return listOf(items, items.length, { page: 1, size: top });
  });

  service.get(
    "/products/search",
    { schema: { querystring: input.searchQuery } },
    async (request, reply) => {
      const { q, page, size } = request.query;
      const [{ value, from }, pieces] = await Promise.all([
        searchProducts(catalog, q, { page, size }),
        stock.all(),
      ]);
      tellServers(reply, { read: from });
      return listOf(withStock(value.items, pieces), value.total, { page, size });
    },
  );

  const inCategory = { params: input.categoryParameters, querystring: input.categoryQuery };
  service.get("/products/:category", { schema: inCategory }, async (request, reply) => {
    const { category } = request.params;
    const { page, size, sort, tag, id } = request.query;
    if (!input.isName(category)) throw unknownCategory(category);
    const [{ value, from }, pieces] = await Promise.all([
      id === undefined
        ? lists.category({ category, tag, order: sort }, { page, size })
        : listById(catalog, [id]),
      stock.all(),
    ]);
    if (!value.found) throw unknownCategory(category);
    tellServers(reply, { read: from });
    const items = value.items.filter((item) => item.category === category);
    const total = id === undefined ? value.total : items.length;
    return listOf(withStock(items, pieces), total, { page, size });
  });
}

/** Adds the routes of one product. */
export function addItemRoutes(service: Service, { catalog, orders, stock }: ProductParts): void {
  const find = async (
    id: number,
    seen: string | undefined,
  ): Promise<{
    readonly product: Product | undefined;
    readonly told: Parameters<typeof tellServers>[1];
  }> => {
    // What a session has to see is of the orders database: stock follows from its own orders.
    const [{ value, from }, left] = await Promise.all([
      listById(catalog, [id]),
      stock.now(id, seen),
    ]);
    const [item] = value.items;
    return {
      product: item && { ...item, inventory: left.pieces },
      told: { read: from, seen: left.seen },
    };
  };

  const byId = z.object({ id: input.productId });
  service.get("/products/view", { schema: { querystring: byId } }, async (request, reply) => {
    const { product, told } = await find(request.query.id, seenOf(request));
    if (!product) throw unknownProduct(request.query.id);
    tellServers(reply, told);
    return listOf([product], 1, { page: 1, size: 1 });
  });

  service.get(
    "/products/reviews",
    { schema: { querystring: input.reviewsQuery } },
    async (request, reply) => {
      const { id, page, size } = request.query;
      const { value, from } = await listReviews(catalog, id, { page, size });
      if (!value.found) throw unknownProduct(id);
      tellServers(reply, { read: from });
      const { items: reviews, total } = value;
      return { product_id: id, reviews, page, size, total, pages: Math.ceil(total / size) };
    },
  );

  // Of the orders database: the one whose writer people see moving. `?database=catalog` tells of the other.
  const ofDatabase = z.object({ database: z.enum(["orders", "catalog"]).default("orders") });
  service.get(
    "/products/whereami",
    { schema: { querystring: ofDatabase } },
    async (request, _reply) => {
      const { reader, writer } = await { orders, catalog }[request.query.database].whereami();
      return { reader: { inet_server_addr: reader }, writer: { inet_server_addr: writer } };
    },
  );

  service.get(
    "/products/:category/:item",
    { schema: { params: input.itemParameters } },
    async (request, reply) => {
      const { category, item } = request.params;
      const { product, told } = await find(item, seenOf(request));
      if (!product || product.category !== category) throw unknownProduct(item);
      tellServers(reply, told);
      return listOf([product], 1, { page: 1, size: 1 });
    },
  );
}

/** For `throw`. */
export function unknownCategory(category: string): Refusal {
  return new Refusal(404, "unknown-category", `There is no category ${category.slice(0, 40)}.`);
}

/** For `throw`. */
export function unknownProduct(id: number): Refusal {
  return new Refusal(404, "unknown-product", `There is no product ${id}.`);
}
