/** Who may ask: programs on this machine that hold the token, under a name that is ours. */
import { createHash, timingSafeEqual } from "node:crypto";
import type { Secret } from "../std/secret.ts";
import { refusal, type Refusal } from "./problem.ts";

export type GuardOptions = {
  readonly token: Secret;
  /** Host names or addresses, with or without a port, under which the API answers. */
  readonly hosts: readonly string[];
};

export type Credentials = {
  readonly host: string | undefined;
  readonly origin: string | undefined;
  readonly authorization: string | undefined;
};

/**
 * Undefined: it may. The host is looked at before the token, because a page that rebinds a name to a loopback
 * address must not learn even whether its guess of a token is right.
 */
export function whyRefused(
  { host, origin, authorization }: Credentials,
  isPublic: boolean,
  { token, hosts }: GuardOptions,
): Refusal | undefined {
  if (host === undefined || !isOurs(host, hosts)) {
    return refusal("api.foreign-origin", `The Host header ${quote(host)} is not this API's`);
  }
  if (origin !== undefined && !isOurs(hostOfOrigin(origin), hosts)) {
    return refusal("api.foreign-origin", `A page from ${quote(origin)} may not use this API`);
  }
  if (isPublic) return undefined;
  if (authorization === undefined) return refusal("api.unauthorized", "The request has no token");
  const [, given] = /^Bearer ([^\s]+)$/i.exec(authorization) ?? [];
  if (given !== undefined && isEqual(given, token.reveal())) return undefined;
  return refusal("api.unauthorized", "The request's token is not this world's");
}

function isOurs(host: string, hosts: readonly string[]): boolean {
  const asked = host.toLowerCase();
  const name = asked.replace(/:\d+$/, "");
  return hosts.some((one) => one.toLowerCase() === asked || one.toLowerCase() === name);
}

function hostOfOrigin(origin: string): string {
  return URL.canParse(origin) ? new URL(origin).host : "";
}

/** A header repeated in an answer: bounded, because it comes from anybody. */
function quote(text: string | undefined): string {
  return text === undefined ? "(none)" : `"${text.slice(0, 100)}"`;
}

/** Compares hashes, so that neither the length nor the first wrong character shows in the time it takes. */
function isEqual(a: string, b: string): boolean {
  const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}
