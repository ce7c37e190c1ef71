/** The relay: tells the Region's RabbitMQ what the orders database has to tell. */
import { z } from "zod";
import { databaseHealth } from "../shared/deep-health.ts";
import { openDatabase } from "../shared/database.ts";
import { databaseEnvironment, readEnvironment } from "../shared/environment.ts";
import { startService } from "../shared/service.ts";
import { Publisher } from "./publisher.ts";
import { addRelayRoutes } from "./relay-routes.ts";
import { Relay } from "./relay.ts";

const environment = readEnvironment(
  databaseEnvironment.extend({ ORDERS_URL: z.url(), RABBITMQ_URL: z.url() }),
);
const database = openDatabase({
  url: environment.ORDERS_URL,
  manner: environment.DATABASE_MANNER,
  pgbouncer: environment.LEEWARD_PGBOUNCER,
  names: { writer: "gdbdemo", reader: "gdbdemo-ro" },
});
const relay = new Relay(database, new Publisher(environment.RABBITMQ_URL));
const end = new AbortController();
const relaying = relay.run(end.signal);

await startService({
  name: "relay",
  environment,
  routes: (service) => addRelayRoutes(service, { relay, database }),
  deepHealth: databaseHealth(database),
  close: async () => {
    end.abort();
    await relaying;
    await database.close();
  },
});
