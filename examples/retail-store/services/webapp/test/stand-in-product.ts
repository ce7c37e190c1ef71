import type { FastifyInstance } from "fastify";
import type { Product } from "../shop/catalogue.ts";
import { refuse, type Query, type World } from "./world.ts";

/** The whole assortment, in its own order whatever is asked for. */
export function addProducts(service: FastifyInstance, world: World): void {
  const listed = (found: readonly Product[], { page = "1", size = "12" }: Query): unknown => ({
    product_items: found.slice((Number(page) - 1) * Number(size), Number(page) * Number(size)),
    page: Number(page),
    size: Number(size),
    total: found.length,
    pages: Math.ceil(found.length / Number(size)),
  });
  service.get<{ Querystring: Query }>("/products/getproducts", ({ query }) => {
    const ids = new Set(`${query["productlist"]}`.split(",").map(Number));
    return { product_items: world.products.filter(({ id }) => ids.has(id)) };
  });
  service.get<{ Querystring: Query }>("/products/popularitems", ({ query }) => ({
    product_items: world.products
      .filter((_, index) => index % 9 === 0)
      .slice(0, Number(query["top"])),
  }));
  service.get<{ Querystring: Query }>("/products/view", ({ query }) => {
    const found = world.products.filter(({ id }) => id === Number(query["id"]));
    if (found.length === 0) refuse(404, "unknown-product", "There is no such product.");
    return listed(found, {});
  });
  service.get("/products/reviews", () => ({ reviews: world.reviews }));
  service.get("/products/whereami", () => ({
    reader: { inet_server_addr: "127.0.2.11" },
    writer: { inet_server_addr: "127.0.1.11" },
  }));
  service.get<{ Querystring: Query }>("/products/search", ({ query }) =>
    listed(
      world.products.filter(({ name }) =>
        name.toLowerCase().includes(`${query["q"]}`.toLowerCase()),
      ),
      query,
    ),
  );
  service.get<{ Querystring: Query; Params: { category: string } }>(
    "/products/:category",
    ({ params, query }) => {
      const found = world.products.filter(
        ({ category, tags }) =>
          category === params.category && (!query["tag"] || tags.includes(query["tag"])),
      );
      return listed(found, query);
    },
  );
}
