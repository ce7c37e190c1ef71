/**
 * One request of a client from its head to the end of its answer: an attempt, and at most one more on somebody else
 * when the first came to nothing.
 *
 *   asked ──► attempt ──► answering ──► done
 *               │ failed, or answered what may be retried
 *               ▼
 *             second attempt, or a refusal
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { Attempt, type AttemptEvents, type AttemptFailure, type RawFields } from "./attempt.ts";
import type { Balancer, Onlooker } from "./balancer.ts";
import { finish, refuse } from "./client-answer.ts";
import type { EdgeParts } from "./edge.ts";
import type { Endpoint } from "./endpoint.ts";
import { mayRetry, type AttemptEnd } from "./may-retry.ts";
import type { Refusal } from "./refusal.ts";
import { RequestBody } from "./request-body.ts";
import type { RequestHead } from "./request-head.ts";
import { readResponseHead } from "./response-head.ts";
import { Tunnel } from "./tunnel.ts";

export type Asked = {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly head: RequestHead;
  /** Tells the client to send its body; undefined: it sends it unasked. */
  readonly invite: (() => void) | undefined;
  /** The connection after a change of protocol. */
  readonly socket: Duplex | undefined;
};

export class Exchange implements AttemptEvents {
  readonly #doors: EdgeParts;
  readonly #asked: Asked;
  readonly #balancer: Balancer;
  readonly #body: RequestBody | undefined;
  #onlooker: Onlooker | undefined;
  #attempt: Attempt | undefined;
  /** Who failed before the present attempt. */
  #tried: Endpoint | undefined;
  /** They may have carried it out. */
  #wasSentBefore = false;
  #bytesLeft: number | undefined;
  #isFinished = false;
  #isWaiting = false;
  #isOver = false;

  constructor(doors: EdgeParts, asked: Asked, balancer: Balancer, onlooker?: Onlooker) {
    this.#doors = doors;
    this.#asked = asked;
    this.#balancer = balancer;
    this.#onlooker = onlooker;
    const { request, head, invite } = asked;
    this.#body = head.hasBody ? new RequestBody(request, doors.limits, invite) : undefined;
  }

  start(): void {
    this.#asked.response.on("close", () => {
      this.#isOver = true;
      this.#attempt?.giveUp();
    });
    const endpoint = this.#balancer.choose(this.#asked.request, undefined);
    if (endpoint === undefined) return this.#refuse(this.#balancer.refusal());
    this.#ask(endpoint);
  }

  answered(attempt: Attempt, status: number, raw: RawFields): void {
    const { headers, contentLength, mark } = readResponseHead(raw);
    const isRefusal = mark !== undefined && this.#balancer.asksEdges;
    const end: AttemptEnd = isRefusal ? { kind: mark } : { kind: "answered", status };
    if (this.#askNext(attempt, end)) {
      attempt.endpoint.failed += 1;
      return attempt.giveUp();
    }
    this.#body?.forget();
    for (const field of this.#balancer.headers(attempt.endpoint, this.#tried)) headers.push(field);
    const { request, response } = this.#asked;
    if (!request.complete) response.shouldKeepAlive = false;
    if (this.#onlooker?.began(status, headers) === false) this.#onlooker = undefined;
    this.#bytesLeft = contentLength;
    response.writeHead(status, headers);
    // The body may come much later, and its reader waits for the head.
    if (contentLength === undefined) response.flushHeaders();
  }

  passed(attempt: Attempt, piece: Buffer): boolean {
    const { response } = this.#asked;
    this.#onlooker?.passed(piece);
    if (this.#bytesLeft !== undefined) {
      this.#bytesLeft -= piece.length;
      // Its last piece ends the answer: both leave as one. `ended` follows in the same moment.
      if (this.#bytesLeft === 0) {
        this.#finish(piece);
        return true;
      }
    }
    if (response.write(piece)) return true;
    if (!this.#isWaiting) {
      this.#isWaiting = true;
      response.once("drain", () => {
        this.#isWaiting = false;
        attempt.resume();
      });
    }
    return false;
  }

  ended(_: Attempt, trailers: RawFields): void {
    this.#onlooker?.ended();
    try {
      const { headers } = readResponseHead(trailers);
      if (headers.length > 0) this.#asked.response.addTrailers(pairsOf(headers));
    } finally {
      this.#finish(undefined);
    }
  }

  changedProtocol(attempt: Attempt, raw: RawFields, server: Duplex): void {
    const { response, socket: client, head } = this.#asked;
    const { endpoint } = attempt;
    if (client === undefined || client.destroyed) return void server.destroy();
    const { headers } = readResponseHead(raw);
    headers.push("connection", "Upgrade", "upgrade", head.upgrade ?? "");
    headers.push(...this.#balancer.headers(endpoint, this.#tried));
    let text = "HTTP/1.1 101 Switching Protocols\r\n";
    for (const [name, value] of pairsOf(headers)) text += `${name}: ${value}\r\n`;
    response.detachSocket(client as Parameters<ServerResponse["detachSocket"]>[0]);
    client.write(`${text}\r\n`, "latin1");
    const tunnel = new Tunnel([client, server], this.#doors.limits, () => endpoint.leave(tunnel));
    endpoint.enter(tunnel);
  }

  failed(attempt: Attempt, failure: AttemptFailure): void {
    if (this.#isOver) return;
    const { endpoint, isAnswering } = attempt;
    endpoint.failed += 1;
    if (failure.isEvidence) this.#balancer.lost(endpoint, failure.because, isAnswering);
    // A cut answer must look cut, not short.
    if (isAnswering) return void this.#asked.response.destroy();
    if (this.#askNext(attempt, { kind: failure.wasSent ? "lost" : "not-sent" })) return;
    const wasSent = failure.wasSent || this.#wasSentBefore;
    this.#refuse(refusalAfter({ ...failure, wasSent }));
  }

  #ask(endpoint: Endpoint): void {
    this.#attempt = new Attempt(endpoint, this);
    this.#attempt.start(this.#asked.head, this.#body?.open());
  }

  couldMove(attempt: Attempt, wasSent: boolean): boolean {
    return this.#next(attempt, { kind: wasSent ? "lost" : "not-sent" }) !== undefined;
  }

  /** Who may be asked after this end of the first attempt. */
  #next({ endpoint }: Attempt, end: AttemptEnd): Endpoint | undefined {
    if (this.#tried !== undefined) return undefined;
    const bodyIsWhole = this.#body?.isWhole ?? true;
    const { head, request } = this.#asked;
    if (!mayRetry(this.#balancer.rule, head.method, end, bodyIsWhole)) return undefined;
    const next = this.#balancer.choose(request, endpoint);
    return next === endpoint ? undefined : next;
  }

  /** Whether somebody else is asked now. */
  #askNext(attempt: Attempt, end: AttemptEnd): boolean {
    const next = this.#next(attempt, end);
    if (next === undefined) return false;
    this.#tried = attempt.endpoint;
    this.#wasSentBefore = end.kind !== "not-sent";
    next.rescued += 1;
    this.#ask(next);
    return true;
  }

  #finish(last: Buffer | undefined): void {
    if (this.#isFinished) return;
    this.#isFinished = true;
    finish(this.#doors, this.#asked.response, last);
  }

  #refuse(refusal: Refusal): void {
    refuse(this.#doors, this.#asked.request, this.#asked.response, refusal);
  }
}

function refusalAfter({ wasSent, isLate }: AttemptFailure): Refusal {
  const mark = wasSent ? "lost" : "not-sent";
  if (isLate) {
    const message = "The service did not answer in time.";
    return { status: 504, code: "answer-late", message, mark, retryAfter: undefined };
  }
  const message = wasSent
    ? "The connection to the service broke before it answered; the request may have been carried out."
    : "The service could not be reached; the request was not sent.";
  const code = wasSent ? "answer-lost" : "service-unreachable";
  return { status: 502, code, message, mark, retryAfter: wasSent ? undefined : 1 };
}

function pairsOf(fields: readonly string[]): [string, string][] {
  const pairs: [string, string][] = [];
  for (let at = 0; at < fields.length; at += 2)
    pairs.push([fields[at] ?? "", fields[at + 1] ?? ""]);
  return pairs;
}
