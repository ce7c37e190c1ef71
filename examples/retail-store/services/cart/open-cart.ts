/** The parts of the cart service, put together. */
import type { Database } from "../shared/database.ts";
import type { ServiceClient } from "../shared/client.ts";
import type { BaseEnvironment } from "../shared/environment.ts";
import { databaseHealth } from "../shared/deep-health.ts";
import type { ServiceParts } from "../shared/service.ts";
import { migrate, migrationsIn } from "../../databases/migrate.ts";
import { addCartRoutes } from "./cart-routes.ts";
import { openCarts } from "./carts.ts";
import { Housekeeping } from "./housekeeping.ts";
import { addKartRoutes } from "./kart-routes.ts";
import { addMetrics } from "./metrics.ts";
import type { Peer } from "./peers.ts";
import { Prices } from "./prices.ts";
import { Replication } from "./replication.ts";

export type CartServiceParts = {
  readonly environment: BaseEnvironment;
  readonly database: Database;
  readonly products: ServiceClient;
  readonly peers: readonly Peer[];
  /** `PGPASSFILE`. */
  readonly passFile: string | undefined;
};

/**
 * Prepares the Region's database, and begins to exchange carts with the other Regions when it listens.
 * @throws Error when the database is another Region's; Unavailable
 */
export async function openCartService(parts: CartServiceParts): Promise<ServiceParts> {
  const { environment, database, products, peers, passFile } = parts;
  await migrate(database, migrationsIn("carts"));
  await database.write("select cart_settle($1)", [environment.LEEWARD_REGION], {
    isRepeatable: true,
  });
  const carts = openCarts(database);
  const prices = new Prices(products);
  let end = async (): Promise<void> => undefined;
  return {
    name: "cart",
    environment,
    routes: (service) => {
      addCartRoutes(service, { carts, prices });
      addKartRoutes(service, { carts, prices });
      const log = (message: string): void => service.log.warn(message);
      const replication = new Replication({ database, peers, passFile, log });
      const housekeeping = new Housekeeping({ database, log });
      addMetrics(service, database, () => replication.states());
      service.addHook("onReady", async () => {
        replication.start();
        housekeeping.start();
      });
      end = async () => {
        await Promise.all([replication.close(), housekeeping.close()]);
      };
    },
    deepHealth: databaseHealth(database),
    close: async () => {
      await end();
      await Promise.all([database.close(), products.close()]);
    },
  };
}
