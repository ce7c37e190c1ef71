/** An endpoint's answer, made ready for the client. */
import { markHeader, type RefusalMark } from "./refusal.ts";
import { withoutNamed } from "./request-head.ts";

export type ResponseHead = {
  /** Names and values in turn. */
  readonly headers: string[];
  /** Of the body; undefined: it does not say. */
  readonly contentLength: number | undefined;
  /** Set when the answer is another edge's refusal. */
  readonly mark: RefusalMark | undefined;
};

/** Meant for this connection alone, or said by the edge itself. */
const dropped: ReadonlySet<string> = new Set([
  "keep-alive",
  "proxy-connection",
  "proxy-authenticate",
  "upgrade",
]);

/** @param raw names and values in turn, as bytes of Latin-1 */
export function readResponseHead(raw: readonly (Buffer | string)[]): ResponseHead {
  const headers: string[] = [];
  const connection: string[] = [];
  let contentLength: number | undefined;
  let isChunked = false;
  let mark: RefusalMark | undefined;
  for (let at = 0; at < raw.length; at += 2) {
    const name = textOf(raw[at]).toLowerCase();
    const value = textOf(raw[at + 1]);
    if (name === "connection") connection.push(value);
    else if (name.startsWith("x-leeward-")) mark = markOf(name, value) ?? mark;
    else if (name === "transfer-encoding") isChunked = true;
    else if (!dropped.has(name)) {
      if (name === "content-length") contentLength = Number(value);
      headers.push(name, value);
    }
  }
  const kept = withoutNamed(headers, connection);
  if (!isChunked || contentLength === undefined) return { headers: kept, contentLength, mark };
  // It came in chunks: a length beside them is a second opinion, and the client would believe it.
  return { headers: withoutNamed(kept, ["content-length"]), contentLength: undefined, mark };
}

const textOf = (text: Buffer | string | undefined): string =>
  typeof text === "string" ? text : (text?.toString("latin1") ?? "");

function markOf(name: string, value: string): RefusalMark | undefined {
  return name === markHeader && (value === "not-sent" || value === "lost") ? value : undefined;
}
