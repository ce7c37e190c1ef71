/** What the product service of this Region says of products: the only source of names and prices. */
import { z } from "zod";
import type { ServiceClient } from "../shared/client.ts";
import { Unavailable } from "../shared/refusal.ts";
import type { Offer } from "./pricing.ts";

const answerSchema = z.object({
  product_items: z.array(z.object({ id: z.int(), name: z.string(), price: z.number().min(0) })),
});

/** Those of `ids` that there are, in any order. @throws Unavailable when the product service has trouble */
export async function fetchOffers(
  products: ServiceClient,
  ids: readonly number[],
): Promise<readonly Offer[]> {
  const list = [...new Set(ids)].join(",");
  const { body } = await products.call("GET", `/products/getproducts?productlist=${list}`);
  const { success, data, error } = answerSchema.safeParse(body);
  if (success) return data.product_items;
  throw new Unavailable("The product service answers in another form than it should.", {
    cause: error,
  });
}
