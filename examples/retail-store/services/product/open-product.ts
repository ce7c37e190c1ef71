/** The product service, without its environment: for `main` and for tests. */
import { migrate, migrationsIn } from "../../databases/migrate.ts";
import { catalogSeed } from "../../databases/seed-catalog.ts";
import { databaseHealth } from "../shared/deep-health.ts";
import type { Database } from "../shared/database.ts";
import type { BaseEnvironment } from "../shared/environment.ts";
import type { ServiceParts } from "../shared/service.ts";
import { addAdminRoutes } from "./admin-routes.ts";
import { addCatalogueRoutes } from "./catalogue-routes.ts";
import { openLists } from "./lists.ts";
import { openPopular } from "./popular.ts";
import { addItemRoutes, addListRoutes } from "./product-routes.ts";
import { openStock } from "./stock.ts";

export type ProductServiceParts = {
  readonly environment: BaseEnvironment;
  readonly adminToken: string;
  readonly catalog: Database;
  readonly orders: Database;
};

/** Brings the catalogue up to date first. The databases are closed with the service. */
export async function openProductService(given: ProductServiceParts): Promise<ServiceParts> {
  const { environment, adminToken, catalog, orders } = given;
  await migrate(catalog, [...migrationsIn("catalog"), catalogSeed]);
  const parts = {
    catalog,
    orders,
    lists: openLists(catalog),
    stock: openStock(orders),
    popular: openPopular(orders),
  };
  return {
    name: "product",
    environment,
    routes: (service) => {
      addListRoutes(service, parts);
      addItemRoutes(service, parts);
      addCatalogueRoutes(service, parts);
      addAdminRoutes(service, parts, adminToken);
    },
    deepHealth: databaseHealth(catalog, { orders }),
    close: async () => {
      await Promise.all([catalog.close(), orders.close()]);
    },
  };
}
