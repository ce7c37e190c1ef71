/** The relay: tells the Region's RabbitMQ what the orders database has to tell. */
import { z } from "zod";
import { databaseHealth } from "../shared/deep-health.ts";
import { readEnvironment } from "../shared/environment.ts";
import { openOrders, ordersEnvironment } from "../shared/orders-database.ts";
import { startService } from "../shared/service.ts";
import { Publisher } from "./publisher.ts";
import { addRelayRoutes } from "./relay-routes.ts";
import { Relay } from "./relay.ts";

const environment = readEnvironment(ordersEnvironment.extend({ RABBITMQ_URL: z.url() }));
const database = openOrders(environment);
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
