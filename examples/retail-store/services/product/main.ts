/** The product service: what is sold, what it costs, how many there are, and what people say of it. */
import { z } from "zod";
import { openDatabase } from "../shared/database.ts";
import { readEnvironment } from "../shared/environment.ts";
import { openOrders, ordersEnvironment } from "../shared/orders-database.ts";
import { startService } from "../shared/service.ts";
import { openProductService } from "./open-product.ts";

const environment = readEnvironment(
  ordersEnvironment.extend({
    CATALOG_URL: z.url(),
    ADMIN_TOKEN: z.string().min(16),
  }),
);

const parts = await openProductService({
  environment,
  adminToken: environment.ADMIN_TOKEN,
  catalog: openDatabase({
    url: environment.CATALOG_URL,
    manner: environment.DATABASE_MANNER,
    pgbouncer: environment.LEEWARD_PGBOUNCER,
    names: { writer: "catalog", reader: "catalog-ro" },
  }),
  orders: openOrders(environment),
});
await startService(parts);
