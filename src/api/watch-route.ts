/** GET /v1/watch: server-sent events for as long as the reader stays. */
import { z } from "zod";
import type { Clock, Log } from "../env/env.ts";
import { describeError, Failure } from "../model/failure.ts";
import { answerOf, problems } from "./answers.ts";
import type { ApiApp, Routes } from "./routes.ts";
import { SseWriter } from "./sse.ts";
import { StatusFeed } from "./status-feed.ts";
import { sendChanges } from "./watch.ts";

/** Each holds a socket and follows the archive: more than any one person's windows, less than a flood. */
const watchersMax = 64;

const cursor = z.coerce.number().int().min(0).optional();

const description = `
Server-sent events. On connecting, one \`status\` with the whole status (as GET /v1/status answers it); then \`status\`
whenever it changed, four times a second at most, and \`event\` for each event (as in GET /v1/events). The \`id:\` is the
cursor: a reader that comes back with it in \`Last-Event-ID\` or \`after\` misses nothing. Lines that begin with a colon are heartbeats.
A reader that takes nothing for 10 s is cut.`.trim();

export function addWatchRoute(
  app: ApiApp,
  { world, signal }: Routes,
  { clock, log }: { readonly clock: Clock; readonly log: Log },
): void {
  const feed = new StatusFeed(() => world.status(), clock);
  let watchers = 0;
  app.get("/v1/watch", {
    schema: {
      operationId: "watch",
      summary: "Changes and events, live",
      description,
      tags: ["events"],
      querystring: z.object({ after: cursor.meta({ description: "As Last-Event-ID." }) }),
      headers: z.looseObject({ "last-event-id": cursor }),
      response: { 200: answerOf(z.string(), "The stream.", "text/event-stream"), ...problems },
    },
    handler: async ({ query, headers }, reply) => {
      if (watchers >= watchersMax) {
        throw new Failure("api.too-many-watchers", `${watchersMax} programs watch already`);
      }
      const { raw } = reply;
      const gone = new AbortController();
      const until = AbortSignal.any([signal, gone.signal]);
      raw.on("close", () => gone.abort());
      // A reader that resets the connection is no error of ours; `close` follows.
      raw.on("error", () => undefined);
      reply.hijack();
      raw.writeHead(200, {
        ...(reply.getHeaders() as Record<string, string>),
        "content-type": "text/event-stream; charset=utf-8",
        "x-accel-buffering": "no",
      });
      raw.flushHeaders();
      watchers += 1;
      try {
        const writer = new SseWriter(raw, clock, () => raw.destroy());
        const after = headers["last-event-id"] ?? query.after;
        await sendChanges({ world, feed, clock }, writer, after, until);
      } catch (error) {
        log.warn("api.watch-failed", { error: describeError(error) });
      } finally {
        watchers -= 1;
        raw.end();
      }
    },
  });
}
