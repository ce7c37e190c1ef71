/**
 * Where clients speak HTTP: one address, with a bound on everything that a client can draw out. Node's parser refuses
 * ambiguous messages as long as `insecureHTTPParser` stays off.
 */
import { createServer, ServerResponse, type IncomingMessage, type Server } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { serveUntilAborted } from "../env/node/http-server.ts";
import { formatAddress, type Address } from "../model/address.ts";
import { describeError } from "../model/failure.ts";
import { onAbort } from "../std/on-abort.ts";
import { refuse } from "./client-answer.ts";
import type { EdgeParts } from "./edge.ts";
import type { Asked } from "./exchange.ts";
import { badRequest, rawRefusal, refusalOfParser, type Refusal } from "./refusal.ts";
import { readRequestHead } from "./request-head.ts";

export type HttpListening = {
  readonly address: Address;
  /** What this client says of those before it is passed on. */
  readonly believes: (client: string) => boolean;
  readonly serve: (asked: Asked) => void;
};

export class HttpListener {
  readonly #doors: EdgeParts;
  readonly #listening: HttpListening;
  readonly #server: Server;
  /** Connections that have changed their protocol; the server counts them no more. */
  readonly #changed = new Set<Duplex>();
  /** Connections that are told that their bytes are no request. */
  readonly #refused = new WeakSet<Duplex>();
  #isRetiring = false;

  constructor(doors: EdgeParts, listening: HttpListening) {
    this.#doors = doors;
    this.#listening = listening;
    const { limits } = doors;
    const server = createServer({
      maxHeaderSize: limits.headerBytesMax,
      headersTimeout: limits.headersMs,
      requestTimeout: limits.requestMs,
      connectionsCheckingInterval: limits.lookMs,
      keepAliveTimeout: limits.keepAliveMs,
      noDelay: true,
    });
    server.maxConnections = limits.connectionsMax;
    server.timeout = limits.downloadIdleMs;
    // Who says that it sends no more may still read its answer.
    Object.assign(server, { httpAllowHalfOpen: true });
    server.on("request", (request, response) => this.#serve(request, response, {}));
    server.on("checkContinue", (request, response) =>
      this.#serve(request, response, { invite: () => response.writeContinue() }),
    );
    server.on("upgrade", (request, socket, rest) => this.#upgrade(request, socket, rest));
    server.on("connect", (_, socket) => this.#refuseRaw(socket, methodRefused));
    server.on("clientError", (error, socket) => this.#answerBroken(error, socket));
    server.on("connection", (socket) => {
      // It may only have said that it sends no more, or be gone: whom nothing reaches for so long is gone.
      socket.on("end", () => socket.setTimeout(limits.halfClosedMs));
    });
    this.#server = server;
  }

  /**
   * Settles once it listens; when `signal` aborts, every connection is closed at once.
   * @throws Failure `network.address-in-use`, `network.address-unavailable`
   */
  async listen(signal: AbortSignal): Promise<void> {
    const { address } = this.#listening;
    const onBug = (error: unknown): void =>
      this.#doors.log.warn("edge.listener-failed", {
        address: formatAddress(address),
        error: describeError(error),
      });
    signal.addEventListener("abort", () => this.#closeChanged(), { once: true });
    await serveUntilAborted(this.#server, address, onBug, signal);
  }

  /** From now on each answer is the last of its connection. */
  retire(): void {
    this.#isRetiring = true;
    this.#server.closeIdleConnections();
  }

  /** Takes no new connections; settles when the last one has ended, or `signal` aborts. */
  async closed(signal: AbortSignal): Promise<void> {
    const over = new AbortController();
    const forget = onAbort(signal, () => over.abort());
    this.#server.close(() => over.abort());
    while (!over.signal.aborted && !signal.aborted) {
      // Answers that began before are not the last of their connections; these rest now and again.
      this.#server.closeIdleConnections();
      await this.#doors.clock.sleep(idleLookMs, over.signal).catch(() => undefined);
    }
    forget();
  }

  #serve(
    request: IncomingMessage,
    response: ServerResponse,
    { invite, socket }: { readonly invite?: () => void; readonly socket?: Duplex },
  ): void {
    if (this.#isRetiring) response.shouldKeepAlive = false;
    const address = request.socket.remoteAddress ?? "unknown";
    const { method = "", url = "", httpVersion, rawHeaders } = request;
    const sender = { address, isBelieved: this.#listening.believes(address) };
    const answer = readRequestHead({ method, url, httpVersion, rawHeaders }, sender);
    if (answer.kind === "refused") return refuse(this.#doors, request, response, answer.refusal);
    const { head } = answer;
    // After a change of protocol was asked for, nobody parses the body any more.
    if (socket !== undefined && head.hasBody) {
      return refuse(this.#doors, request, response, upgradeWithBody);
    }
    this.#listening.serve({ request, response, head, invite, socket });
  }

  #upgrade(request: IncomingMessage, socket: Duplex, rest: Buffer): void {
    this.#changed.add(socket);
    socket.on("error", () => socket.destroy());
    socket.on("close", () => this.#changed.delete(socket));
    // The server watches it no more, and its answer may be one that nobody reads.
    (socket as Socket).setTimeout(this.#doors.limits.downloadIdleMs, () => socket.destroy());
    if (rest.length > 0) socket.unshift(rest);
    const response = new ServerResponse(request);
    response.shouldKeepAlive = false;
    response.assignSocket(socket as Socket);
    response.on("finish", () => {
      response.detachSocket(socket as Socket);
      socket.end();
    });
    this.#serve(request, response, { socket });
  }

  #answerBroken(error: ParserError, socket: Duplex): void {
    // The rest of what was refused already.
    if (this.#refused.has(socket)) return;
    if (error.code === "ECONNRESET" || !socket.writable) return void socket.destroy(error);
    const { _httpMessage: underWay } = socket as { _httpMessage?: ServerResponse | null };
    // Into an answer that has begun nothing can be said.
    const isAnswering = underWay?.headersSent === true;
    this.#refuseRaw(socket, isAnswering ? undefined : refusalOfParser(error.code));
  }

  /** What still comes is thrown away for a moment: a connection that is closed before is reset, and its answer lost. */
  #refuseRaw(socket: Duplex, refusal: Refusal | undefined): void {
    this.#refused.add(socket);
    const over = new AbortController();
    socket.on("error", () => undefined);
    socket.on("close", () => over.abort());
    if (refusal === undefined) socket.end();
    else socket.end(rawRefusal(refusal));
    socket.resume();
    const { clock, limits } = this.#doors;
    clock.sleep(limits.lingerMs, over.signal).then(
      () => socket.destroy(),
      () => undefined,
    );
  }

  #closeChanged(): void {
    for (const socket of this.#changed) socket.destroy();
  }
}

/** 100 ms: a door that closes is in nobody's way for so long. */
const idleLookMs = 100;

const methodRefused = badRequest(405, "method-refused", "CONNECT is not passed on.");
const upgradeWithBody = badRequest(
  400,
  "upgrade-invalid",
  "A request that changes the protocol has no body.",
);

type ParserError = Error & { readonly code?: string };
