/** An event of an order, as much of it as is counted. The whole of it: schemas/. */
import { z } from "zod";

const eventSchema = z.object({
  eventId: z.uuid(),
  type: z.enum(["OrderCreated", "OrderCancelled"]),
  order: z.object({ id: z.int().min(1) }),
});

export type OrderEvent = z.output<typeof eventSchema>;

/** Undefined for what is none. */
export function parseEvent(content: Buffer): OrderEvent | undefined {
  try {
    return eventSchema.parse(JSON.parse(content.toString("utf8")));
  } catch {
    return undefined;
  }
}
