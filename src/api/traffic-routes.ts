/** The paths that send people and programs somewhere: controls, dials and weights, names, the origin. */
import { z } from "zod";
import { Failure } from "../model/failure.ts";
import { answerOf, namedProblems, problems } from "./answers.ts";
import * as contract from "./traffic-api.ts";
import type { ApiApp, Routes } from "./routes.ts";

/** 100 characters: no name in `leeward.yaml` may be longer, and a problem repeats it. */
const name = z.string().min(1).max(100);

export function addControlRoutes(app: ApiApp, { world, signal }: Routes): void {
  app.get("/v1/controls", {
    schema: {
      operationId: "listControls",
      summary: "Routing controls by panel, and what each safety rule says of them",
      tags: ["traffic"],
      response: { 200: answerOf(contract.controlList, "Every panel."), ...problems },
    },
    handler: () => world.controls(),
  });
  app.put("/v1/controls", {
    schema: {
      operationId: "setControls",
      summary: "Switch routing controls, all of the batch or nothing",
      description:
        "The safety rules of every panel that the batch touches judge the state that the whole of it leads to: moving from one Region to the other is one batch. What is so already is no change. A rule is overridden by its name, with a reason that is kept.",
      tags: ["traffic"],
      body: contract.controlBatch,
      response: {
        200: answerOf(contract.controlResult, "What was switched, and all panels afterwards."),
        ...namedProblems,
      },
    },
    handler: ({ body }) => world.setControls(body, signal),
  });
}

export function addTrafficRoutes(app: ApiApp, { world, signal }: Routes): void {
  app.get("/v1/traffic", {
    schema: {
      operationId: "getTraffic",
      summary: "Where traffic goes: dials, weights, health, and what each front door has done",
      tags: ["traffic"],
      response: { 200: answerOf(contract.traffic, "Every Region, now."), ...problems },
    },
    handler: () => world.traffic(),
  });
  app.patch("/v1/traffic/regions/:region", {
    schema: {
      operationId: "changeTraffic",
      summary: "Turn a Region's dial, set its weight",
      description:
        "A dial counts for what is new: requests under way end where they are. What is left out stays as it is.",
      tags: ["traffic"],
      params: z.object({ region: name }),
      body: contract.trafficChange,
      response: { 200: answerOf(contract.regionDials, "As it is now."), ...namedProblems },
    },
    handler: ({ params, body }) => world.changeTraffic(params.region, body, signal),
  });
  app.get("/v1/names", {
    schema: {
      operationId: "listNames",
      summary: "Where the names of each database lead, and whether each Region sees that",
      tags: ["traffic"],
      response: { 200: answerOf(contract.nameList, "Every database."), ...problems },
    },
    handler: () => world.names(),
  });
}

export function addDistributionRoutes(app: ApiApp, { world, signal }: Routes): void {
  app.get("/v1/distribution", {
    schema: {
      operationId: "getDistribution",
      summary: "The origin of the distribution, and its tag",
      description: "The header ETag has the tag, too.",
      tags: ["traffic"],
      response: { 200: answerOf(contract.distribution, "As it is now."), ...namedProblems },
    },
    handler: (_request, reply) => {
      const present = world.distribution();
      return reply.header("etag", etagOf(present)).send(present);
    },
  });
  app.put("/v1/distribution/origin", {
    schema: {
      operationId: "setOrigin",
      summary: "Move the origin of the distribution",
      description:
        "Only from what the caller has seen: the tag is in the header If-Match or in `ifMatch`. Without `force` only to a Region from which writes reach the writer.",
      tags: ["traffic"],
      headers: z.looseObject({
        "if-match": z.string().max(200).optional().meta({ description: 'The tag: `"TAG"`.' }),
      }),
      body: contract.originChange,
      response: {
        200: answerOf(contract.distribution, "As it is now, with its new tag."),
        ...namedProblems,
        412: refusedByTag,
      },
    },
    handler: async ({ headers, body }, reply) => {
      const { region, force } = body;
      const ifMatch = tagOf(headers["if-match"], body.ifMatch);
      const moved = await world.setOrigin({ region, force, ifMatch }, signal);
      return reply.header("etag", etagOf(moved)).send(moved);
    },
  });
  app.post("/v1/distribution/invalidations", {
    schema: {
      operationId: "invalidate",
      summary: "Use no answer any more that the distribution has kept",
      tags: ["traffic"],
      response: { 200: answerOf(contract.distribution, "As it is now."), ...namedProblems },
    },
    handler: () => world.invalidate(signal),
  });
}

const refusedByTag = {
  ...namedProblems[409],
  description: "The origin has another tag by now: somebody else moved it.",
};

function etagOf({ tag }: contract.ApiDistribution): string {
  return `"${tag}"`;
}

/** @throws Failure `api.invalid` when there is none, or two that differ */
function tagOf(header: string | undefined, field: string | undefined): string {
  const ofHeader = header?.trim().replace(/^(?:W\/)?"(.*)"$/, "$1");
  if (ofHeader !== undefined && field !== undefined && ofHeader !== field) {
    const message = `The header If-Match names ${ofHeader}, and the field ifMatch ${field}`;
    throw new Failure("api.invalid", message);
  }
  const tag = ofHeader ?? field;
  if (tag) return tag;
  const message =
    "The origin is moved from a tag that was seen: name it in If-Match or ifMatch, or * for any";
  throw new Failure("api.invalid", message);
}
