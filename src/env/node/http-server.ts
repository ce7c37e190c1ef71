/** The answering side of `NodeNetwork`: one POST is one message, its answer is the peer's answer or its failure. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Address } from "../../model/address.ts";
import { formatAddress } from "../../model/address.ts";
import { onAbort } from "../../std/on-abort.ts";
import { Failure } from "../../model/failure.ts";
import type { Handler } from "../env.ts";
import {
  decodeMessage,
  encodeMessage,
  failureToWire,
  isGivingUp,
  refusalFor,
  messageBytesMax,
  tooLong,
} from "../message.ts";

export type Service = {
  readonly authenticate: (token: string) => string | undefined;
  readonly handler: Handler;
  readonly onBug: (error: unknown) => void;
};

/** Each peer holds a long poll and a few calls; a world has some tens of peers. */
const connectionsMax = 1_024;
/** A peer sends its whole request within this; the handler's own time does not count. */
const requestMsMax = 30_000;
const headersMsMax = 10_000;
/** Longer than the client keeps one, so that no request meets a connection that is just being closed. */
const idleMsMax = 65_000;

/**
 * Listens until `signal` aborts; then every connection is closed at once.
 * @throws Failure `network.address-in-use`, `network.address-unavailable`
 */
export function listen(address: Address, service: Service, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const server = createServer({ keepAlive: true }, (request, response) => {
    void answer(request, response, service, signal);
  });
  server.maxConnections = connectionsMax;
  server.requestTimeout = requestMsMax;
  server.headersTimeout = headersMsMax;
  server.keepAliveTimeout = idleMsMax;
  return serveUntilAborted(server, address, service.onBug, signal);
}

/**
 * Settles once `server` listens; when `signal` aborts, every connection of it is closed at once.
 * @throws Failure `network.address-in-use`, `network.address-unavailable`
 */
export function serveUntilAborted(
  server: Server,
  address: Address,
  onBug: (error: unknown) => void,
  signal: AbortSignal,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      server.close();
      server.closeAllConnections();
      reject(signal.reason as Error);
    };
    server.once("error", (error: NodeJS.ErrnoException) => {
      forget();
      reject(listenFailure(address, error));
    });
    const forget = onAbort(signal, stop);
    server.listen(address.port, address.host, () => {
      // After it listens, an error of the server itself (too many files, say) must not end the process.
      server.removeAllListeners("error").on("error", onBug);
      resolve();
    });
  });
}

function listenFailure(address: Address, error: NodeJS.ErrnoException): Error {
  const text = `could not listen on ${formatAddress(address)}: ${error.code ?? error.message}`;
  if (error.code === "EADDRINUSE")
    return new Failure("network.address-in-use", text, { cause: error });
  return new Failure("network.address-unavailable", text, { cause: error });
}

/** One for all: a stack trace for each answer would cost as much as the answer, and nobody reads it. */
const isAnswered = new Error("it has been answered");

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  service: Service,
  serving: AbortSignal,
): Promise<void> {
  const asked = new AbortController();
  const gone = (): void => asked.abort(new Failure("network.unreachable", "the peer has gone"));
  response.once("close", () => (response.writableFinished ? asked.abort(isAnswered) : gone()));
  const forget = onAbort(serving, gone);
  try {
    send(response, 200, await handle(request, service, asked.signal));
  } catch (error) {
    if (!asked.signal.aborted) refuse(response, error, service);
    else if (!isGivingUp(error)) service.onBug(error);
  } finally {
    forget();
  }
}

async function handle(
  request: IncomingMessage,
  { authenticate, handler }: Service,
  signal: AbortSignal,
): Promise<string> {
  const [scheme, token = ""] = (request.headers.authorization ?? "").split(" ");
  const peer = scheme === "Bearer" ? authenticate(token) : undefined;
  if (peer === undefined) throw new Failure("network.refused", "the token is not known here");
  const message = decodeMessage(await readRequest(request));
  signal.throwIfAborted();
  return encodeMessage(await handler(peer, message, signal));
}

function readRequest(request: IncomingMessage): Promise<string> {
  // Before it is read: giving up in the middle closes the connection, and the peer would not learn why.
  if (Number(request.headers["content-length"]) > messageBytesMax)
    throw tooLong("a message was not read");
  return readText(request).catch((cause: unknown) => {
    if (cause instanceof Failure) throw cause;
    throw new Failure("network.unreachable", "the peer has gone", { cause });
  });
}

/** @throws Failure `network.message-invalid` as soon as it is too long */
export async function readText(message: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of message as AsyncIterable<Buffer>) {
    bytes += piece.length;
    if (bytes > messageBytesMax) throw tooLong("a message was not read to its end");
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString("utf8");
}

function refuse(response: ServerResponse, error: unknown, { onBug }: Service): void {
  const failure = refusalFor(error, onBug);
  // What is left of the request is not read: the connection has no use after this.
  response.shouldKeepAlive = response.req.complete;
  send(response, failure.spec.http, JSON.stringify(failureToWire(failure)));
}

function send(response: ServerResponse, status: number, text: string): void {
  const body = Buffer.from(text);
  response.writeHead(status, {
    "content-type": "application/json",
    "content-length": body.length,
  });
  response.end(body);
}
