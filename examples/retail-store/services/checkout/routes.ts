import { z } from "zod";
import { seenOf, tellServers, type Service } from "../shared/service.ts";
import { cardSchema } from "./card.ts";
import type { Answer, Checkouts } from "./checkout.ts";
import { changeSchema } from "./state.ts";

/** As carts have it: whoever knows it may go on with it, so it is drawn at random by whoever calls. */
const params = z.object({ id: z.string().regex(/^[\w:.@-]{1,100}$/, "is no id of a checkout") });

/** A body may be absent. */
const wishSchema = z
  .object({ total: z.number().nonnegative().optional(), key: z.uuid().optional() })
  .nullish();

/** `/checkout/:id` and what can be done there. */
export function addRoutes(service: Service, checkouts: Checkouts): void {
  const tell = <T>(reply: Parameters<typeof tellServers>[0], { body, told }: Answer<T>): T => {
    tellServers(reply, told);
    void reply.header("cache-control", "no-store");
    return body;
  };
  service.get("/checkout/:id", { schema: { params } }, async ({ params: { id } }, reply) =>
    tell(reply, await checkouts.look(id)),
  );
  service.post(
    "/checkout/:id/update",
    { schema: { params, body: changeSchema } },
    async ({ params: { id }, body }, reply) => tell(reply, await checkouts.update(id, body)),
  );
  service.post(
    "/checkout/:id/payment",
    { schema: { params, body: cardSchema } },
    async ({ params: { id }, body }, reply) => tell(reply, await checkouts.pay(id, body)),
  );
  service.post(
    "/checkout/:id/submit",
    { schema: { params, body: wishSchema } },
    async (request, reply) => {
      const { total, key } = request.body ?? {};
      const wish = { total, key, seen: seenOf(request) };
      return tell(reply, await checkouts.submit(request.params.id, wish));
    },
  );
}
