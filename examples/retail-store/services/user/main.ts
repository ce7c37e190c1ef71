/** The user service: accounts of the shop's customers. */
import { readEnvironment } from "../shared/environment.ts";
import { openOrders, ordersEnvironment } from "../shared/orders-database.ts";
import { startService } from "../shared/service.ts";
import { databaseHealth } from "../shared/deep-health.ts";
import { addUserRoutes } from "./user-routes.ts";

const environment = readEnvironment(ordersEnvironment);
const database = openOrders(environment);

await startService({
  name: "user",
  environment,
  routes: (service) => addUserRoutes(service, database),
  deepHealth: databaseHealth(database),
  close: () => database.close(),
});
