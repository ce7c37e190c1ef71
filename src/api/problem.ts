/** What a client is told when something went wrong: the failure's own words, or nothing about a bug but its id. */
import {
  hasZodFastifySchemaValidationErrors,
  isResponseSerializationError,
} from "fastify-type-provider-zod";
import type { Log } from "../env/env.ts";
import { describeError, Failure, type FailureCode } from "../model/failure.ts";
import type { ApiProblem } from "./api.ts";

export type Refusal = { readonly status: number; readonly problem: ApiProblem };

/** The `content-type` of RFC 9457, so that a client tells a problem from an answer without looking inside. */
export const problemType = "application/problem+json";

export function refusal(code: FailureCode, message: string): Refusal {
  return refusalOf(new Failure(code, message));
}

function refusalOf(failure: Failure): Refusal {
  const { code, message, hint, spec } = failure;
  return { status: spec.http, problem: { code, message: withCauses(message, failure), hint } };
}

function withCauses(message: string, { cause }: Failure): string {
  return cause === undefined ? message : `${message}: ${describeError(cause)}`;
}

export type Asked = { readonly id: string; readonly method: string; readonly url: string };

/** Anything thrown by a route. A bug is logged here, once, under the request's id; the client gets the id alone. */
export function refusalFor(error: unknown, asked: Asked, log: Log): Refusal {
  if (error instanceof Failure) return refusalOf(error);
  if (isResponseSerializationError(error)) return bug(error.cause, asked, log);
  if (hasZodFastifySchemaValidationErrors(error)) {
    const where = error.validationContext ?? "request";
    const fields = error.validation.map(({ instancePath, message }) => {
      const field = instancePath.replace(/^\//, "").replaceAll("/", ".");
      return `${field === "" ? where : `${where}.${field}`}: ${message ?? "is not valid"}`;
    });
    return refusal("api.invalid", `${asked.method} ${asked.url} was refused: ${fields.join("; ")}`);
  }
  const { statusCode, message } = error as { statusCode?: number; message?: string };
  // Fastify's own refusals: a body that is no JSON, too large, or of another type.
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) {
    const { problem } = refusal("api.invalid", `${asked.method} ${asked.url}: ${message}`);
    return { status: statusCode, problem };
  }
  return bug(error, asked, log);
}

function bug(error: unknown, { id, method, url }: Asked, log: Log): Refusal {
  const stack = error instanceof Error ? error.stack : undefined;
  log.error("api.request-failed", { id, method, url, error: describeError(error), stack });
  return refusal("network.peer-failed", `${method} ${url} failed inside the controller (id ${id})`);
}
