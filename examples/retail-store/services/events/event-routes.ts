/** What was counted, for people and for proofs. */
import { z } from "zod";
import type { Service } from "../shared/service.ts";
import type { EventConsumer } from "./consumer.ts";
import type { EventCounts } from "./counts.ts";

const ordersQuerySchema = z.object({
  after: z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER).default(0),
});

export function addEventRoutes(
  service: Service,
  { counts, consumer }: { readonly counts: EventCounts; readonly consumer: EventConsumer },
): void {
  service.get("/events", async () => ({ ...(await counts.read()), ...consumer.status }));

  service.get("/events/orders", { schema: { querystring: ordersQuerySchema } }, (request) =>
    counts.ordersAfter(request.query.after).then((orders) => ({ orders })),
  );
}
