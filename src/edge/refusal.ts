/** The edge's own answers. Small, without anything of the inside, and the same for people and for programs. */

/**
 * What another edge may conclude from a refusal: `not-sent`, no application has seen the request; `lost`, one may have.
 * Travels in the header `x-leeward-edge`, which no application can set: every edge removes it from what it passes on.
 */
export type RefusalMark = "not-sent" | "lost";

export const markHeader = "x-leeward-edge";

export type Refusal = {
  readonly status: number;
  /** Kebab-case, for programs. */
  readonly code: string;
  /** One sentence for people: what was wrong and what to do. */
  readonly message: string;
  readonly mark: RefusalMark | undefined;
  /** Seconds; undefined: trying again is no use. */
  readonly retryAfter: number | undefined;
};

export type RefusalText = { readonly headers: readonly string[]; readonly body: Buffer };

/** A request that is wrong in itself: no edge and no second try would take it. */
export function badRequest(status: number, code: string, message: string): Refusal {
  return { status, code, message, mark: undefined, retryAfter: undefined };
}

/** Nobody can take the request now; it was not sent. */
export function unavailable(code: string, message: string): Refusal {
  return { status: 503, code, message, mark: "not-sent", retryAfter: 1 };
}

/** @param accept the request's header: whoever asks for HTML gets a page, everybody else JSON */
export function renderRefusal(refusal: Refusal, accept: string | undefined): RefusalText {
  const isPage = accept?.includes("text/html") ?? false;
  const body = Buffer.from(isPage ? pageOf(refusal) : jsonOf(refusal));
  const type = isPage ? "text/html; charset=utf-8" : "application/json";
  const headers = [
    "content-type",
    type,
    "content-length",
    String(body.length),
    "cache-control",
    "no-store",
  ];
  if (refusal.retryAfter !== undefined) headers.push("retry-after", String(refusal.retryAfter));
  if (refusal.mark !== undefined) headers.push(markHeader, refusal.mark);
  return { headers, body };
}

function jsonOf({ status, code, message }: Refusal): string {
  return `${JSON.stringify({ error: { status, code, message } })}\n`;
}

function pageOf({ status, message }: Refusal): string {
  const text = message.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
  return `<!doctype html>
<meta charset="utf-8"><title>${status}</title>
<h1>${status}</h1>
<p>${text}</p>
`;
}

/** The whole answer as bytes, for a connection whose request could not be parsed. The connection ends after it. */
export function rawRefusal(refusal: Refusal): Buffer {
  const { headers, body } = renderRefusal(refusal, undefined);
  let head = `HTTP/1.1 ${refusal.status} ${reasons[refusal.status] ?? "Refused"}\r\nconnection: close\r\n`;
  for (let at = 0; at < headers.length; at += 2) head += `${headers[at]}: ${headers[at + 1]}\r\n`;
  return Buffer.concat([Buffer.from(`${head}\r\n`, "latin1"), body]);
}

const reasons: Readonly<Record<number, string>> = {
  400: "Bad Request",
  405: "Method Not Allowed",
  408: "Request Timeout",
  413: "Content Too Large",
  431: "Request Header Fields Too Large",
};

/** What the parser of requests found wrong, by its own code. Its texts are not passed on. */
export function refusalOfParser(code: string | undefined): Refusal {
  switch (code) {
    case "HPE_HEADER_OVERFLOW":
      return badRequest(431, "header-too-large", "The header of the request is too large.");
    case "ERR_HTTP_REQUEST_TIMEOUT":
      return badRequest(408, "request-too-slow", "The request did not arrive in time.");
    case "HPE_CHUNK_EXTENSIONS_OVERFLOW":
      return badRequest(413, "chunk-too-large", "The extensions of a chunk are too large.");
    default:
      return badRequest(400, "request-malformed", "The request is not valid HTTP/1.1.");
  }
}
