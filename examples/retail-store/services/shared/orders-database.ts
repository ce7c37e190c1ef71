/** The orders database, which several services use: by the Region's gateway, or by the names that PgBouncer has for it. */
import { z } from "zod";
import { openDatabase, type Database } from "./database.ts";
import { databaseEnvironment } from "./environment.ts";

/** Of a service that uses it. */
export const ordersEnvironment = databaseEnvironment.extend({ ORDERS_URL: z.url() });

/** Opens no connection yet. */
export function openOrders(environment: z.output<typeof ordersEnvironment>): Database {
  return openDatabase({
    url: environment.ORDERS_URL,
    manner: environment.DATABASE_MANNER,
    pgbouncer: environment.LEEWARD_PGBOUNCER,
    names: { writer: "gdbdemo", reader: "gdbdemo-ro" },
  });
}
