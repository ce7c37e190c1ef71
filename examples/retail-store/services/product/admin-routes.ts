/** What only the shop's own people may do. */
import { tellServers, type Service } from "../shared/service.ts";
import { addProduct } from "./add-product.ts";
import { demandAdmin } from "./admin.ts";
import { listById } from "./catalogue.ts";
import * as input from "./input.ts";
import { unknownCategory, type ProductParts } from "./product-routes.ts";

/** Adds `POST /products/:category/add`: 201 for what is new, 200 for what was there just so. */
export function addAdminRoutes(service: Service, parts: ProductParts, token: string): void {
  const schema = { params: input.categoryParameters, body: input.newProduct };
  service.post(
    "/products/:category/add",
    {
      schema,
      // Before the body is looked at: who may not, learns nothing of what would be right.
      onRequest: async (request) => demandAdmin(request.headers.authorization, token),
    },
    async (request, reply) => {
      const { category } = request.params;
      if (!input.isName(category)) throw unknownCategory(category);
      const added = await addProduct(parts, category, request.body);
      const { value, from } = await listById(parts.catalog, [added.id], added.seen);
      tellServers(reply, { read: from, wrote: added.wrote });
      const { pieces: inventory } = await parts.stock.now(added.id, undefined);
      return reply.code(added.isNew ? 201 : 200).send({ ...value.items[0], inventory });
    },
  );
}
