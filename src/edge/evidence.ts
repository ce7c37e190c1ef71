/**
 * What the end of a connection says about the endpoint. A client that goes away, a request that the HTTP library does
 * not take, one that takes long to answer, or a machine out of ports say nothing: otherwise anybody could have a healthy
 * replica taken out. Who hangs altogether is found out by the checks.
 */

/** Where a client's body ends before its end; one for all, known by its identity. */
export const clientGone = new Error("the client went away in the middle of its request");

const telling: ReadonlySet<string> = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "EPIPE",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ETIMEDOUT",
  "UND_ERR_SOCKET",
  "UND_ERR_CONNECT_TIMEOUT",
]);

export type ConnectionEnd = {
  /** A part of the request may have arrived. */
  readonly wasSent: boolean;
  /** Nothing was answered on this connection before. */
  readonly isFresh: boolean;
};

/** A connection that has rested may have been closed in the moment of our request, and its end proves nothing either. */
export function isEvidence(error: Error, { wasSent, isFresh }: ConnectionEnd): boolean {
  if (error === clientGone || (wasSent && !isFresh)) return false;
  const { code } = error as { readonly code?: unknown };
  return typeof code === "string" && telling.has(code);
}
