/**
 * Clients that are linked to a server of a gateway that is gone wait for an answer that does not come. Where a link
 * carries the connection, its near end acknowledges what it takes, so that no timeout of TCP ends it; and PgBouncer
 * has no command to drop one server. What it has is a limit for the age of a request, which drops those, and their
 * clients, that are older. So the limit is set for a moment, where it hits nobody else. KILL ends all clients of a
 * database, idle ones too, and is for the case that the limit would hit others for too long.
 */
import type { Line } from "./line.ts";

/** Where a server connection leads, and for which name of `[databases]`. */
export type ServerPlace = { readonly name: string; readonly host: string; readonly port: number };

/** A server connection that somebody is linked to. */
export type ActiveServer = ServerPlace & {
  /** Since its client's last request, in whole seconds. */
  readonly ageSeconds: number;
};

export type Eviction = { readonly because: string } & (
  | { readonly kind: "none" }
  /** `query_timeout` for a moment. */
  | { readonly kind: "limit"; readonly seconds: number; readonly servers: number }
  | { readonly kind: "kill"; readonly names: readonly string[] }
);

/** 1 s: ages are differences of whole seconds. */
const ageErrorSeconds = 1;

/** 30 s of waiting for others' long requests, far more than a statement of a web request takes. */
const patienceSeconds = 30;

/** It leads where its name does not lead any more: it ends with its transaction, if that ever ends. */
export function isStale(server: ServerPlace, wanted: readonly Line[]): boolean {
  return wanted.some(
    ({ name, host, port }) =>
      name === server.name && (host !== server.host || port !== server.port),
  );
}

/** @param isSilent whether the gateway at an address gives no answer. */
export function decideEviction(
  servers: readonly ActiveServer[],
  wanted: readonly Line[],
  isSilent: (at: ActiveServer) => boolean,
): Eviction {
  const lost = servers.filter((server) => isStale(server, wanted) && isSilent(server));
  if (lost.length === 0) return { kind: "none", because: "every server is alive" };
  const others = servers.filter((server) => !lost.includes(server));
  const oldestOther = Math.max(-ageErrorSeconds, ...others.map(({ ageSeconds }) => ageSeconds));
  const limit = Math.max(1, oldestOther + 2 * ageErrorSeconds);
  const hit = lost.filter(({ ageSeconds }) => ageSeconds - ageErrorSeconds >= limit);
  if (hit.length > 0) {
    const seconds = Math.min(...hit.map(({ ageSeconds }) => ageSeconds - ageErrorSeconds));
    return {
      kind: "limit",
      seconds,
      servers: hit.length,
      because: "the gateway that they are connected to gives no answer",
    };
  }
  const overdue = lost.filter(({ ageSeconds }) => ageSeconds >= patienceSeconds);
  if (overdue.length === 0) return { kind: "none", because: "they are as young as others" };
  const names = [...new Set(overdue.map(({ name }) => name))];
  return { kind: "kill", names, because: "others have requests that are as old" };
}
