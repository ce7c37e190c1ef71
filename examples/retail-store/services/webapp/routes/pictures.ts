/** Pictures come from the assets service, through here: a browser knows one address of the shop. */
import { z } from "zod";
import type { ServiceClient } from "../../shared/client.ts";
import { Refusal, Unavailable } from "../../shared/refusal.ts";
import type { Service } from "../../shared/service.ts";

const params = z.object({ name: z.string().regex(/^[\w-]{1,80}\.svg$/) });

/** What of the answer is for browsers. */
const passedOn = ["cache-control", "etag", "content-type", "content-security-policy"] as const;

/** `/assets/*`, of which there are only pictures. Without a session. */
export function pictureRoutes(service: Service, assets: ServiceClient): void {
  service.get("/assets/:name", { schema: { params } }, async (request, reply) => {
    const known = request.headers["if-none-match"];
    const answer = await assets
      .raw(`/assets/${request.params.name}`, known === undefined ? {} : { "if-none-match": known })
      .catch((cause: unknown) => {
        throw new Unavailable("The pictures do not come at the moment.", { cause });
      });
    const isPicture = answer.statusCode === 200 || answer.statusCode === 304;
    if (!isPicture) {
      await answer.body.dump();
      if (answer.statusCode < 500) throw new Refusal(404, "not-found", "There is no such picture.");
      throw new Unavailable("The pictures do not come at the moment.");
    }
    for (const name of passedOn) {
      const value = answer.headers[name];
      if (typeof value === "string") void reply.header(name, value);
    }
    void reply.header("x-content-type-options", "nosniff");
    return reply.code(answer.statusCode).send(answer.body);
  });
}
