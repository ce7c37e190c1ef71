/** The user service: accounts of the shop's customers. */
import { z } from "zod";
import { openDatabase } from "../shared/database.ts";
import { databaseEnvironment, readEnvironment } from "../shared/environment.ts";
import { startService } from "../shared/service.ts";
import { databaseHealth } from "../shared/deep-health.ts";
import { addUserRoutes } from "./user-routes.ts";

const environment = readEnvironment(databaseEnvironment.extend({ ORDERS_URL: z.url() }));
const database = openDatabase({
  url: environment.ORDERS_URL,
  manner: environment.DATABASE_MANNER,
  pgbouncer: environment.LEEWARD_PGBOUNCER,
  names: { writer: "gdbdemo", reader: "gdbdemo-ro" },
});

await startService({
  name: "user",
  environment,
  routes: (service) => addUserRoutes(service, database),
  deepHealth: databaseHealth(database),
  close: () => database.close(),
});
