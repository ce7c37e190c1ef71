/** The checkout service: from a cart to an order. */
import { databaseEnvironment, readEnvironment } from "../shared/environment.ts";
import { startService } from "../shared/service.ts";
import { z } from "zod";
import { openCheckout } from "./open-checkout.ts";

const environment = readEnvironment(
  databaseEnvironment.extend({
    REDIS_URL: z.url(),
    CARTS_URL: z.url(),
    PRODUCT_URL: z.url(),
    CART_URL: z.url(),
    ORDER_URL: z.url(),
  }),
);

await startService(await openCheckout(environment));
