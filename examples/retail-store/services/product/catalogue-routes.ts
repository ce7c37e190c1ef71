/** `/catalogue…`: the same products for those who know the other form. */
import { z } from "zod";
import type { Service } from "../shared/service.ts";
import { tellServers } from "../shared/service.ts";
import { listById, listTagged, listTags } from "./catalogue.ts";
import * as input from "./input.ts";
import type { CatalogueProduct } from "./product.ts";
import { unknownProduct, type ProductParts } from "./product-routes.ts";

/** Adds `/catalogue…` and `/health`. */
export function addCatalogueRoutes(service: Service, { catalog, stock }: ProductParts): void {
  service.get(
    "/catalogue",
    { schema: { querystring: input.catalogueQuery } },
    async (request, reply) => {
      const { tags, order, page, size } = request.query;
      const [{ value, from }, pieces] = await Promise.all([
        listTagged(catalog, { tags, order }, { page, size }),
        stock.all(),
      ]);
      tellServers(reply, { read: from });
      return value.items.map((item) => entryOf(item, pieces.get(item.id) ?? 0));
    },
  );

  service.get(
    "/catalogue/size",
    { schema: { querystring: input.catalogueQuery } },
    async (request, reply) => {
      const { tags } = request.query;
      const { value, from } = await listTagged(
        catalog,
        { tags, order: "id" },
        { page: 1, size: 1 },
      );
      tellServers(reply, { read: from });
      return { size: value.total };
    },
  );

  service.get("/catalogue/tags", async (_request, reply) => {
    const { value, from } = await listTags(catalog);
    tellServers(reply, { read: from });
    return value;
  });

  const byId = z.object({ id: input.productId });
  service.get("/catalogue/product/:id", { schema: { params: byId } }, async (request, reply) => {
    const { id } = request.params;
    const [{ value, from }, { pieces }] = await Promise.all([
      listById(catalog, [id]),
      stock.now(id, undefined),
    ]);
    const [item] = value.items;
    if (!item) throw unknownProduct(id);
    tellServers(reply, { read: from });
    return entryOf(item, pieces);
  });

  service.get("/health", (_request, reply) => reply.type("text/plain").send("OK"));
}

function entryOf(item: CatalogueProduct, count: number): Readonly<Record<string, unknown>> {
  const { id, name, description, price, img_url: imageUrl, tags: tag } = item;
  return { id, name, description, price, count, imageUrl, tag };
}
