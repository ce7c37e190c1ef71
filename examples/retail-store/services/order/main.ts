/** The order service: takes orders, shows them to whom they belong, and takes them back. */
import { z } from "zod";
import { migrate } from "../../databases/migrate.ts";
import { initialStock } from "../../databases/products.ts";
import { orderMigrations } from "../../databases/seed-orders.ts";
import { serviceClient } from "../shared/client.ts";
import { readEnvironment } from "../shared/environment.ts";
import { openOrders, ordersEnvironment } from "../shared/orders-database.ts";
import { startService } from "../shared/service.ts";
import { addClassicRoutes } from "./classic-routes.ts";
import { databaseHealth } from "../shared/deep-health.ts";
import { addOrderKeyRoute, addOrderRoutes } from "./order-routes.ts";

const environment = readEnvironment(ordersEnvironment.extend({ PRODUCT_URL: z.url() }));
const database = openOrders(environment);
const products = serviceClient("product", environment.PRODUCT_URL);
const parts = { database, products, region: environment.LEEWARD_REGION };

await migrate(database, orderMigrations(initialStock()));
await startService({
  name: "order",
  environment,
  routes: (service) => {
    addOrderRoutes(service, parts);
    addOrderKeyRoute(service, parts);
    addClassicRoutes(service, parts);
  },
  deepHealth: databaseHealth(database),
  close: async () => {
    await Promise.all([database.close(), products.close()]);
  },
});
