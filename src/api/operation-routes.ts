/** The paths that change who is what, and those of the evidence that is left. */
import { z } from "zod";
import { answerOf, namedProblems, problems } from "./answers.ts";
import * as contract from "./operations-api.ts";
import type { ApiApp, Routes } from "./routes.ts";

/** 200 characters: the longest name of evidence has 150. */
const name = z.string().min(1).max(200);
const database = contract.databaseParams.extend({ database: name });
const operation = contract.operationParams.extend({ id: name });

const begins =
  "Answers as soon as it is journalled; GET /v1/operations/{id} follows it. `switchover` loses nothing and is rolled back on any trouble before its point of no return. `failover` may lose commits, and needs `allowDataLoss`. `detach` makes a secondary a database of its own, `add` clones a new one, `rejoin` brings back a Region that left the common history (what it has becomes evidence first), `remove` ends a secondary.";

export function addOperationRoutes(app: ApiApp, { world, signal }: Routes): void {
  app.post("/v1/databases/:database/operations", {
    schema: {
      operationId: "beginOperation",
      summary: "Begin a switchover, a failover, or a change of members",
      description: begins,
      tags: ["operations"],
      params: database,
      body: contract.operationRequest,
      response: { 202: answerOf(contract.operation, "It has begun."), ...namedProblems },
    },
    handler: async ({ params, body }, reply) => {
      const begun = await world.beginOperation(params.database, body, signal);
      return reply.code(202).send(begun);
    },
  });
  app.post("/v1/databases/:database/operations/preview", {
    schema: {
      operationId: "previewOperation",
      summary: "What an operation would meet now; changes nothing",
      tags: ["operations"],
      params: database,
      body: contract.operationRequest,
      response: { 200: answerOf(contract.operationPreview, "Checks and steps."), ...namedProblems },
    },
    handler: ({ params, body }) => world.previewOperation(params.database, body),
  });
  app.get("/v1/operations", {
    schema: {
      operationId: "listOperations",
      summary: "Operations that were and that are, the newest first",
      tags: ["operations"],
      querystring: contract.operationListQuery,
      response: { 200: answerOf(contract.operationList, "Those that fit."), ...problems },
    },
    handler: ({ query }) => world.operations(query, signal),
  });
  app.get("/v1/operations/:id", {
    schema: {
      operationId: "getOperation",
      summary: "One operation: every step, its reason, its time",
      tags: ["operations"],
      params: operation,
      querystring: contract.operationQuery,
      response: { 200: answerOf(contract.watchedOperation, "As it is now."), ...namedProblems },
    },
    handler: ({ params, query }) => world.operation(params.id, query.after, signal),
  });
  app.post("/v1/operations/:id/cancel", {
    schema: {
      operationId: "cancelOperation",
      summary: "End an operation before its point of no return",
      tags: ["operations"],
      params: operation,
      response: { 200: answerOf(contract.operation, "It is being rolled back."), ...namedProblems },
    },
    handler: ({ params }) => world.cancelOperation(params.id, signal),
  });
}

export function addSnapshotRoutes(app: ApiApp, { world, signal }: Routes): void {
  app.get("/v1/snapshots", {
    schema: {
      operationId: "listSnapshots",
      summary: "What is kept of primaries whose history the others left",
      description: "As the agents that report say; a Region that is down shows none.",
      tags: ["operations"],
      response: { 200: answerOf(contract.snapshotList, "All that is known of."), ...problems },
    },
    handler: () => ({ snapshots: [...world.snapshots()] }),
  });
  app.delete("/v1/snapshots/:region/:name", {
    schema: {
      operationId: "removeSnapshot",
      summary: "Remove evidence for good",
      tags: ["operations"],
      params: contract.snapshotParams.extend({ region: name, name }),
      response: { 200: answerOf(contract.snapshotRemoval, "It is gone."), ...namedProblems },
    },
    handler: async ({ params }) => {
      await world.removeSnapshot(params.region, params.name, signal);
      return { region: params.region, name: params.name };
    },
  });
}
