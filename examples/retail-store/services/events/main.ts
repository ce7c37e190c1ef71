/** The events service: counts what the shop tells of its orders. */
import { z } from "zod";
import { baseEnvironment, readEnvironment } from "../shared/environment.ts";
import { startService } from "../shared/service.ts";
import { EventConsumer } from "./consumer.ts";
import { EventCounts } from "./counts.ts";
import { addEventRoutes } from "./event-routes.ts";

const environment = readEnvironment(
  baseEnvironment.extend({ RABBITMQ_URL: z.url(), REDIS_URL: z.url() }),
);
const counts = new EventCounts(environment.REDIS_URL);
const consumer = new EventConsumer(environment.RABBITMQ_URL, counts);
const end = new AbortController();
const consuming = consumer.run(end.signal);

await startService({
  name: "events",
  environment,
  routes: (service) => addEventRoutes(service, { counts, consumer }),
  close: async () => {
    end.abort();
    await consuming;
    counts.close();
  },
});
