/** The HTTP API of a world: on loopback, for programs that hold the token. */
import fastifySwagger from "@fastify/swagger";
import { fastify, type FastifyReply } from "fastify";
import {
  serializerCompiler,
  validatorCompiler,
  type ZodTypeProvider,
} from "fastify-type-provider-zod";
import type { Clock, Log } from "../env/env.ts";
import { formatAddress, type Address } from "../model/address.ts";
import { Failure } from "../model/failure.ts";
import { assert } from "../std/assert.ts";
import type { World } from "./api.ts";
import { whyRefused, type GuardOptions } from "./guard.ts";
import { openApiOptions } from "./open-api.ts";
import { problemType, refusal, refusalFor, type Refusal } from "./problem.ts";
import { addChangeRoutes, addOpenRoutes, addReadRoutes, type ApiApp } from "./routes.ts";
import { addOperationRoutes, addSnapshotRoutes } from "./operation-routes.ts";
import { addServiceRoutes } from "./service-routes.ts";
import { addControlRoutes, addDistributionRoutes, addTrafficRoutes } from "./traffic-routes.ts";
import { addWatchRoute } from "./watch-route.ts";

export type ApiOptions = GuardOptions & {
  readonly log: Log;
  readonly clock: Clock;
  readonly version: string;
};

/** 16 KiB: the largest request switches 100 routing controls, at some 100 bytes each. */
const bodyMaxBytes = 16 * 1024;
/** 10 s to send a request's headers and body: it comes from this machine. */
const requestTimeoutMs = 10_000;
/** 128: the CLI, a dashboard, Prometheus and every watcher; beyond, a client leaks. */
const connectionsMax = 128;

const headers = {
  "cache-control": "no-store",
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
};

/**
 * Listens until `signal` aborts; settles once it listens, with where (port 0 draws one) and a promise that
 * settles when it has ended.
 * @throws Failure `network.address-in-use`, `network.address-unavailable`
 */
export async function startApi(
  world: World,
  options: ApiOptions & { readonly address: Address },
  signal: AbortSignal,
): Promise<{ readonly address: Address; readonly ended: Promise<void> }> {
  const { host, port } = options.address;
  const app = await buildApi(world, options, signal);
  try {
    await app.listen({ host, port });
  } catch (cause) {
    await app.close();
    throw listenFailure(options.address, cause);
  }
  const ended = new Promise<void>((resolve) => {
    const close = (): void => resolve(app.close());
    if (signal.aborted) close();
    else signal.addEventListener("abort", close, { once: true });
  });
  const bound = app.server.address();
  assert(typeof bound === "object" && bound !== null, "the API listens on a port");
  return { address: { host, port: bound.port }, ended };
}

/** The API without a socket, for `startApi`, for tests, and for the printed contract. */
export async function buildApi(
  world: World,
  options: ApiOptions,
  signal: AbortSignal,
): Promise<ApiApp> {
  const app = fastify({
    logger: false,
    bodyLimit: bodyMaxBytes,
    requestTimeout: requestTimeoutMs,
    // Watchers never end by themselves.
    forceCloseConnections: true,
    routerOptions: { maxParamLength: 200 },
  }).withTypeProvider<ZodTypeProvider>();
  app.server.maxConnections = connectionsMax;
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  await app.register(fastifySwagger, openApiOptions(options.version));
  guardEverything(app, options);
  const routes = { world, signal };
  addOpenRoutes(app, routes);
  addReadRoutes(app, routes);
  addWatchRoute(app, routes, options);
  addChangeRoutes(app, routes);
  addOperationRoutes(app, routes);
  addSnapshotRoutes(app, routes);
  addControlRoutes(app, routes);
  addTrafficRoutes(app, routes);
  addDistributionRoutes(app, routes);
  addServiceRoutes(app, routes);
  await app.ready();
  return app;
}

function guardEverything(app: ApiApp, options: ApiOptions): void {
  app.addHook("onRequest", async (request, reply) => {
    reply.headers(headers);
    const { host, origin, authorization } = request.headers;
    const isPublic = request.routeOptions.config.isPublic === true;
    const refused = whyRefused({ host, origin, authorization }, isPublic, options);
    if (!refused) return undefined;
    if (refused.status === 401) reply.header("www-authenticate", "Bearer");
    return answer(reply, refused);
  });
  app.setNotFoundHandler(({ method, url }, reply) => {
    const path = url.split("?", 1)[0]?.slice(0, 200);
    return answer(reply, refusal("api.not-found", `There is no ${method} ${path}`));
  });
  app.setErrorHandler((error, { id, method, url }, reply) => {
    return answer(reply, refusalFor(error, { id, method, url }, options.log));
  });
}

/** Past the serializer of the route, which knows its answers only. */
function answer(reply: FastifyReply, { status, problem }: Refusal): FastifyReply {
  const text = JSON.stringify(problem);
  return reply.code(status).type(problemType).serializer(String).send(text);
}

function listenFailure(address: Address, cause: unknown): Failure {
  const isTaken = (cause as NodeJS.ErrnoException).code === "EADDRINUSE";
  const code = isTaken ? "network.address-in-use" : "network.address-unavailable";
  return new Failure(code, `The API cannot listen on ${formatAddress(address)}`, { cause });
}
