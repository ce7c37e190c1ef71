/** Plain HTTP for load balancers: short questions in the path, answered by a status. No body is ever read. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { Address } from "../../model/address.ts";
import { serveUntilAborted } from "./http-server.ts";

export type HealthQuestion = {
  readonly method: string;
  /** As it was sent, still encoded. */
  readonly path: string;
  readonly query: ReadonlyMap<string, string>;
};

export type HealthAnswer = { readonly status: number; readonly body: object };

/** A load balancer asks once a second or so, from a few processes. */
const connectionsMax = 256;
/** 5 s for a request of one line; whoever is slower is gone. */
const requestMsMax = 5_000;
/** 15 s: a question each few seconds keeps its connection. */
const idleMsMax = 15_000;
const headerBytesMax = 8_192;

/**
 * Listens until `signal` aborts; settles once it listens. `answer` must not wait.
 * @throws Failure `network.address-in-use`, `network.address-unavailable`
 */
export function serveHealth(
  address: Address,
  answer: (question: HealthQuestion) => HealthAnswer,
  onBug: (error: unknown) => void,
  signal: AbortSignal,
): Promise<void> {
  signal.throwIfAborted();
  const server = createServer({ maxHeaderSize: headerBytesMax }, (request, response) => {
    send(request, response, answer(questionOf(request)));
  });
  server.maxConnections = connectionsMax;
  server.requestTimeout = requestMsMax;
  server.headersTimeout = requestMsMax;
  server.keepAliveTimeout = idleMsMax;
  return serveUntilAborted(server, address, onBug, signal);
}

function questionOf({ method = "", url = "/" }: IncomingMessage): HealthQuestion {
  const [path = "/", query = ""] = url.split("?", 2);
  return { method, path, query: new Map(new URLSearchParams(query)) };
}

function send(
  request: IncomingMessage,
  response: ServerResponse,
  { status, body }: HealthAnswer,
): void {
  // What is left of the request is not read: the connection has no use after this.
  response.shouldKeepAlive = request.complete && response.shouldKeepAlive;
  const text = Buffer.from(JSON.stringify(body));
  response.writeHead(status, {
    "content-type": "application/json",
    "content-length": request.method === "OPTIONS" ? 0 : text.length,
    "cache-control": "no-store",
  });
  // Node leaves the body of an answer to HEAD out by itself.
  response.end(request.method === "OPTIONS" ? undefined : text);
}
