/** Writing to the client: whole refusals, and the end of an answer whose request still arrives. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { EdgeParts } from "./edge.ts";
import { renderRefusal, type Refusal } from "./refusal.ts";

/** Answers with the edge's own words; a no-op when an answer has begun. */
export function refuse(
  doors: EdgeParts,
  request: IncomingMessage,
  response: ServerResponse,
  refusal: Refusal,
): void {
  const { headers, body } = renderRefusal(refusal, request.headers.accept);
  answerWith(doors, response, { status: refusal.status, headers, body });
}

export type WholeAnswer = {
  readonly status: number;
  /** Names and values in turn, the length of the body among them. */
  readonly headers: readonly string[];
  readonly body: Buffer;
};

export function answerWith(
  doors: EdgeParts,
  response: ServerResponse,
  { status, headers, body }: WholeAnswer,
): void {
  if (response.headersSent || response.destroyed) return;
  if (!response.req.complete) response.shouldKeepAlive = false;
  response.writeHead(status, [...headers]);
  finish(doors, response, body);
}

/**
 * Ends an answer. A connection that is closed while its client still sends is reset, and the client may lose what it
 * was told: so the rest of its request is thrown away for a moment first.
 */
export function finish(doors: EdgeParts, response: ServerResponse, last: Buffer | undefined): void {
  const { req: request } = response;
  if (request.complete) {
    endWith(response, last);
    return;
  }
  if (last === undefined) response.flushHeaders();
  else response.write(last);
  const over = new AbortController();
  const end = (): void => {
    over.abort();
    response.end();
  };
  request.once("end", end).once("close", end).resume();
  doors.clock.sleep(doors.limits.lingerMs, over.signal).then(end, () => undefined);
}

/** 8 KiB: copying less costs less than a write of several pieces. */
const joinedBytesMax = 8_192;

/** Node joins a text with the head that is not sent yet, so that both leave in one write; Latin-1 keeps every byte. */
function endWith(response: ServerResponse, last: Buffer | undefined): void {
  if (last === undefined) response.end();
  else if (last.length > joinedBytesMax) response.end(last);
  else response.end(last.toString("latin1"), "latin1");
}
