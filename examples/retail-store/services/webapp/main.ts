/** The shop's pages. */
import { z } from "zod";
import { serviceClient } from "../shared/client.ts";
import { baseEnvironment, readEnvironment } from "../shared/environment.ts";
import { startService } from "../shared/service.ts";
import { webappRoutes } from "./webapp.ts";

const environment = readEnvironment(
  baseEnvironment.extend({
    SESSION_KEY: z.string().min(32),
    PRODUCT_URL: z.url(),
    CART_URL: z.url(),
    USER_URL: z.url(),
    CHECKOUT_URL: z.url(),
    ORDER_URL: z.url(),
    ASSETS_URL: z.url(),
  }),
);

const shop = {
  product: serviceClient("product", environment.PRODUCT_URL),
  cart: serviceClient("cart", environment.CART_URL),
  user: serviceClient("user", environment.USER_URL),
  checkout: serviceClient("checkout", environment.CHECKOUT_URL),
  order: serviceClient("order", environment.ORDER_URL),
  assets: serviceClient("assets", environment.ASSETS_URL),
};

await startService({
  name: "webapp",
  environment,
  routes: webappRoutes({
    shop,
    key: environment.SESSION_KEY,
    place: { region: environment.LEEWARD_REGION, replica: environment.LEEWARD_REPLICA },
  }),
  close: async () => {
    await Promise.all(Object.values(shop).map((client) => client.close()));
  },
});
