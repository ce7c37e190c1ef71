/** The paths of the API: each is one question to the world. */
import type {
  FastifyBaseLogger,
  FastifyInstance,
  FastifyReply,
  RawReplyDefaultExpression,
  RawRequestDefaultExpression,
  RawServerDefault,
} from "fastify";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import { z } from "zod";
import { answerOf, namedProblems, problems } from "./answers.ts";
import * as contract from "./api.ts";

export type ApiApp = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  ZodTypeProvider
>;

declare module "fastify" {
  interface FastifyContextConfig {
    /** Answers without a token. */
    isPublic?: boolean;
  }
}

export type Routes = {
  readonly world: contract.World;
  /** Aborts when the API ends. */
  readonly signal: AbortSignal;
};

/** 100 characters: no name in `leeward.yaml` may be longer, and a problem repeats it. */
const name = z.string().min(1).max(100);

export function addOpenRoutes(app: ApiApp, { world }: Routes): void {
  const config = { isPublic: true };
  app.get("/healthz", {
    config,
    schema: {
      operationId: "health",
      summary: "Whether the API answers",
      tags: ["machines"],
      security: [],
      response: { 200: answerOf(z.object({ ok: z.literal(true) }), "It does.") },
    },
    handler: () => ({ ok: true }) as const,
  });
  app.get("/metrics", {
    config,
    schema: {
      operationId: "metrics",
      summary: "Figures for Prometheus",
      tags: ["machines"],
      security: [],
      response: { 200: answerOf(z.string(), "Text format, version 0.0.4.", "text/plain") },
    },
    handler: async (_request, reply) => {
      const figures = await world.metrics();
      return sendText(reply, "text/plain; version=0.0.4; charset=utf-8", figures);
    },
  });
  app.get("/openapi.json", {
    config,
    schema: { hide: true },
    handler: (_request, reply) => {
      return sendText(reply, "application/json; charset=utf-8", JSON.stringify(app.swagger()));
    },
  });
}

/** Past the serializer, which would make a JSON string of it. */
function sendText(reply: FastifyReply, type: string, content: string): FastifyReply {
  return reply.serializer(String).type(type).send(content);
}

export function addReadRoutes(app: ApiApp, { world, signal }: Routes): void {
  app.get("/v1/status", {
    schema: {
      operationId: "getStatus",
      summary: "Regions, databases, members, links",
      tags: ["world"],
      response: { 200: answerOf(contract.status, "The whole world, now."), ...problems },
    },
    handler: () => world.status(),
  });
  app.get("/v1/events", {
    schema: {
      operationId: "listEvents",
      summary: "What happened, in order, page by page",
      description:
        "Without `after`, the newest. The cursor of the next page is `next`; when the page is empty, it is the cursor to ask with later.",
      tags: ["events"],
      querystring: contract.eventQuery,
      response: { 200: answerOf(contract.eventPage, "One page."), ...problems },
    },
    handler: ({ query }) => world.events(query, signal),
  });
  app.get("/v1/links", {
    schema: {
      operationId: "listLinks",
      summary: "Links between Regions, and between Regions and the controller",
      tags: ["links"],
      response: { 200: answerOf(contract.linkList, "Every link."), ...problems },
    },
    handler: () => ({ links: [...world.links()] }),
  });
}

export function addChangeRoutes(app: ApiApp, { world, signal }: Routes): void {
  app.patch("/v1/links/:a/:b", {
    schema: {
      operationId: "changeLink",
      summary: "Slow a link down, cut it, mend it",
      description:
        "Fields that are left out stay as they are. Takes effect at once, on open connections too.",
      tags: ["links"],
      params: contract.linkParams.extend({ a: name, b: name }),
      body: contract.linkChange,
      response: { 200: answerOf(contract.link, "The link as it is now."), ...namedProblems },
    },
    handler: ({ params, body }) => world.changeLink(params.a, params.b, body, signal),
  });
  app.post("/v1/regions/:region/:action", {
    schema: {
      operationId: "actOnRegion",
      summary: "Kill, stop, start, isolate or heal a Region",
      description:
        "Answers when it is done. `kill`: every process is gone. `stop`: every server was shut down cleanly. `start`: its programs run; `status` shows when its instances serve. `isolate` cuts all links of the Region, the one to the controller too; `heal` mends them.",
      tags: ["regions"],
      params: contract.regionActionParams.extend({ region: name }),
      response: { 200: answerOf(contract.regionActionResult, "It is done."), ...namedProblems },
    },
    handler: ({ params }) => world.actOnRegion(params.region, params.action, signal),
  });
}
