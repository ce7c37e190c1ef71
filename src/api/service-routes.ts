/** The paths of the application: its services, how many of each there are, and the move of a database. */
import { z } from "zod";
import { answerOf, namedProblems, problems } from "./answers.ts";
import type { ApiApp, Routes } from "./routes.ts";
import * as contract from "./services-api.ts";

/** 100 characters: no name in `leeward.yaml` may be longer, and a problem repeats it. */
const name = z.string().min(1).max(100);

export function addServiceRoutes(app: ApiApp, { world, signal }: Routes): void {
  app.get("/v1/services", {
    schema: {
      operationId: "listServices",
      summary: "The application's services: their replicas in each Region, and why so many",
      tags: ["services"],
      response: { 200: answerOf(contract.serviceList, "Every service."), ...problems },
    },
    handler: () => world.services(),
  });
  app.put("/v1/services/:service/replicas", {
    schema: {
      operationId: "setReplicas",
      summary: "Say how many replicas a service has",
      description:
        "From 0 to the service's `max`. Where it has a `cpuPercent`, autoscaling goes on from there; it leaves a service alone that has 0.",
      tags: ["services"],
      params: contract.serviceParams.extend({ service: name }),
      body: contract.replicasChange,
      response: {
        200: answerOf(contract.replicasResult, "It is kept; the agents follow it."),
        ...namedProblems,
      },
    },
    handler: ({ params, body }) => world.setReplicas(params.service, body, signal),
  });
  app.post("/v1/regions/:region/prescale", {
    schema: {
      operationId: "prescale",
      summary: "Warm a Region before traffic comes to it",
      description:
        "Raises every service of it to so many percent of what the Region has that carries the most, never above `max`, and lets none of it end for ten minutes.",
      tags: ["services"],
      params: z.object({ region: name }),
      body: contract.prescale,
      response: {
        200: answerOf(contract.prescaleResult, "It is kept; the agents follow it."),
        ...namedProblems,
      },
    },
    handler: ({ params, body }) => world.prescale(params.region, body.percent, signal),
  });
  app.post("/v1/databases/:database/failover", {
    schema: {
      operationId: "moveDatabase",
      summary: "Make a Region the primary and move both names there: one call, safe to repeat",
      description:
        "A switchover when the primary answers, which loses nothing; a failover when it does not, which needs `allowDataLoss`. What is so already is answered at once; what is under way is waited for. Answers when it is done, or after 20 s with 202 while it goes on.",
      tags: ["operations"],
      params: z.object({ database: name }),
      body: contract.moveRequest,
      response: {
        200: answerOf(contract.moveResult, "It is done."),
        202: answerOf(contract.moveResult, "It goes on; GET /v1/operations/{id} follows it."),
        ...namedProblems,
      },
    },
    handler: async ({ params, body }, reply) => {
      const moved = await world.moveDatabase(params.database, body, signal);
      return reply.code(moved.isDone ? 200 : 202).send(moved);
    },
  });
}
