/** What every service of the shop has: checked input, bounded bodies, errors for people, health, an orderly end. */
import Fastify, {
  LogController,
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
} from "fastify";
import {
  hasZodFastifySchemaValidationErrors,
  serializerCompiler,
  validatorCompiler,
  type ZodTypeProvider,
} from "fastify-type-provider-zod";
import { z } from "zod";
import type { BaseEnvironment } from "./environment.ts";
import { Refusal, Unavailable } from "./refusal.ts";
import { formatVisit, readHeader, seenHeader, wroteHeader, type Visit } from "./servers.ts";

/** 64 KiB: the largest cart or address is a tenth of it. */
export const bodyBytesMax = 65_536;

/** 25 s: longer than the longest wait for a writer that moves. */
const requestMsMax = 25_000;

export type Service = ReturnType<typeof newService>;

/** How deep the health check looks when it is asked to: whether each way to the data answers. */
export type DeepHealth = () => Promise<Readonly<Record<string, PathHealth>>>;

export type PathHealth = { readonly ok: boolean; readonly ms: number; readonly address?: string };

export type ServiceParts = {
  readonly name: string;
  readonly environment: BaseEnvironment;
  /** Adds the service's own routes. */
  readonly routes: (service: Service) => void | Promise<void>;
  readonly deepHealth?: DeepHealth;
  /** Lets go of what the service holds, when no request is under way any more. */
  readonly close?: () => Promise<void>;
};

/** A service that listens at `HOST` and `PORT` until SIGTERM or SIGINT; what is under way is finished first. */
export async function startService(parts: ServiceParts): Promise<FastifyInstance> {
  const service = await buildService(parts);
  const { HOST: host, PORT: port } = parts.environment;
  await service.listen({ host, port });
  const end = (): void => {
    service.close().then(
      () => process.exit(0),
      () => process.exit(1),
    );
  };
  process.once("SIGTERM", end);
  process.once("SIGINT", end);
  return service as unknown as FastifyInstance;
}

/** The same without listening; for tests, too (`inject`). */
export async function buildService(parts: ServiceParts): Promise<Service> {
  const { name, environment, routes, deepHealth, close } = parts;
  const service = newService();
  service.setValidatorCompiler(validatorCompiler);
  service.setSerializerCompiler(serializerCompiler);
  service.setErrorHandler((error: FastifyError, request, reply) =>
    answerError(error, reply, () => request.log.error({ err: error }, "a request failed")),
  );
  service.setNotFoundHandler((request, reply) => {
    const message = `There is no ${request.method} ${request.url.split("?")[0]} here.`;
    return reply.code(404).send({ error: { code: "not-found", message } });
  });
  const { LEEWARD_REGION: region, LEEWARD_REPLICA: replica } = environment;
  service.get("/healthcheck", { schema: { querystring: healthQuery } }, async (request, reply) => {
    const base = { status: "success", service: name, region, replica };
    if (!request.query.deep || !deepHealth) return base;
    const paths = await deepHealth();
    const isWell = Object.values(paths).every(({ ok }) => ok);
    return reply
      .code(isWell ? 200 : 503)
      .send({ ...base, status: isWell ? "success" : "failed", paths });
  });
  service.addHook("onError", (_request, reply, error, done) => {
    // Fastify would close at once, and whoever still sends the rest might never read the answer. Node reads on and throws
    // it away, for as long as any request may take.
    if (error.statusCode === 413) void reply.removeHeader("connection");
    done();
  });
  if (close) service.addHook("onClose", close);
  await routes(service);
  return service;
}

const healthQuery = z.object({ deep: z.stringbool().optional() });

function newService() {
  return Fastify({
    bodyLimit: bodyBytesMax,
    requestTimeout: requestMsMax,
    // What is idle is closed at the end, what is under way is finished.
    forceCloseConnections: "idle",
    // What comes at the end by a connection that is still open was sent in good faith: it is answered, and not refused.
    return503OnClosing: false,
    logger: { level: "warn" },
    logController: new LogController({ disableRequestLogging: true }),
    // What no route has seen yet: a path that cannot be read, or is longer than any of ours.
    frameworkErrors: (error, _request, reply: FastifyReply) => {
      const status = error.statusCode ?? 400;
      void reply.code(status).send({ error: { code: "bad-path", message: error.message } });
    },
  }).withTypeProvider<ZodTypeProvider>();
}

function answerError(error: FastifyError, reply: FastifyReply, log: () => void): FastifyReply {
  const told = tell(error);
  if (!told) log();
  const { status, code, message } = told ?? {
    status: 500,
    code: "internal",
    message: "Something went wrong here. It is in the log; nothing more can be said.",
  };
  if (status === 503) void reply.header("retry-after", "1");
  return reply.code(status).send({ error: { code, message } });
}

type Told = { readonly status: number; readonly code: string; readonly message: string };

/** What may be said of an error to whoever asked; undefined: nothing. */
function tell(error: FastifyError): Told | undefined {
  if (error instanceof Refusal) return error;
  if (error instanceof Unavailable) {
    return { status: 503, code: "unavailable", message: error.message };
  }
  if (hasZodFastifySchemaValidationErrors(error)) {
    const wrong = error.validation.map(
      ({ instancePath, message }) =>
        `${instancePath.slice(1).replaceAll("/", ".") || "input"}: ${message}`,
    );
    return { status: 400, code: "invalid-input", message: wrong.join("; ") };
  }
  const { statusCode = 500 } = error;
  if (statusCode === 413) {
    const message = `The body is larger than ${bodyBytesMax} bytes.`;
    return { status: 413, code: "too-large", message };
  }
  if (statusCode >= 400 && statusCode < 500) {
    return { status: statusCode, code: "bad-request", message: error.message };
  }
  return undefined;
}

/** Which PostgreSQL were asked for this answer, and what the session has to see from now on. */
export function tellServers(
  reply: FastifyReply,
  {
    read,
    wrote,
    seen,
  }: {
    readonly read?: Visit | undefined;
    readonly wrote?: Visit | undefined;
    readonly seen?: string | undefined;
  },
): void {
  if (read) void reply.header(readHeader, formatVisit(read));
  if (wrote) void reply.header(wroteHeader, formatVisit(wrote));
  if (seen !== undefined) void reply.header(seenHeader, seen);
}

/** What the session of this request has to see. */
export function seenOf(request: {
  readonly headers: Readonly<Record<string, unknown>>;
}): string | undefined {
  const said = request.headers[seenHeader];
  return typeof said === "string" && said.length > 0 ? said : undefined;
}
