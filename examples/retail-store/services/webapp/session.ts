/**
 * The session: a signed cookie and nothing else, so that every replica in every Region knows it, also after a Region is
 * lost. Who forges, cuts or stretches one has no session; neither has who comes after 30 days. The price: nobody can take
 * one back. A copy of a cookie is good, whatever its owner does, until its log-in is 30 days old.
 */
import { createHmac, randomUUID, timingSafeEqual } from "node:crypto";
import { z } from "zod";

export const sessionCookie = "leeward_shop";

/** 30 days: without a visit, and after a log-in with as many visits as one likes. */
export const sessionMsMax = 30 * 24 * 3_600_000;

/** A session that is in use is dated anew once a day: not each page has to set a cookie. */
const renewalMs = 24 * 3_600_000;

/** 1.5 kB: it travels with each request, pictures too. What is longer is not ours. */
export const cookieBytesMax = 1_500;

const userSchema = z.strictObject({
  id: z.string().min(1).max(64),
  /** First name, shortened: only to greet. */
  name: z.string().max(40),
  email: z.string().max(254),
  /** When the password was given, in ms since 1970: visits do not make it younger. */
  since: z.int().nonnegative(),
});

const sessionSchema = z.strictObject({
  id: z.uuid(),
  /** When it was last dated, in ms since 1970. */
  at: z.int().nonnegative(),
  user: userSchema.optional(),
  /** What reads have to show from now on: see shared/database.ts. Opaque. */
  seen: z.string().max(300).optional(),
  /** The last write, for the foot of the page. */
  wrote: z.strictObject({ address: z.string().max(64), ms: z.number(), at: z.int() }).optional(),
  /** Pieces in the cart: each page shows it, and none has to ask the cart service. */
  cart: z.int().min(0).max(9_999),
  /** Counted at /visits/. */
  visits: z.int().nonnegative(),
});

export type Session = z.output<typeof sessionSchema>;
export type SessionUser = z.output<typeof userSchema>;

/** A stranger's. `id` is a secret: who has it has the cart. */
export function newSession(nowMs: number): Session {
  return { id: randomUUID(), at: nowMs, cart: 0, visits: 0 };
}

/** Whether it is time to date it anew. */
export function isStale(session: Session, nowMs: number): boolean {
  return nowMs - session.at > renewalMs;
}

/** The cookie's value. */
export function signSession(session: Session, key: string): string {
  const payload = Buffer.from(JSON.stringify(session)).toString("base64url");
  return `${payload}.${sign("session", payload, key)}`;
}

/** Undefined for whatever `signSession` has not written with this key in the last 30 days, and for a log-in that is older. */
export function readSession(
  cookie: string | undefined,
  key: string,
  nowMs: number,
): Session | undefined {
  if (cookie === undefined || cookie.length > cookieBytesMax) return undefined;
  const dot = cookie.indexOf(".");
  if (dot < 1) return undefined;
  const payload = cookie.slice(0, dot);
  if (!isSame(cookie.slice(dot + 1), sign("session", payload, key))) return undefined;
  const parsed = sessionSchema.safeParse(parseJson(payload));
  if (!parsed.success) return undefined;
  const { at, user } = parsed.data;
  return nowMs - Math.min(at, user?.since ?? at) > sessionMsMax ? undefined : parsed.data;
}

/** HMAC-SHA256 of `text`. `purpose` keeps one kind of signature from being taken for another. */
export function sign(purpose: string, text: string, key: string): string {
  return createHmac("sha256", key).update(`${purpose}:${text}`).digest("base64url");
}

/** Takes as long for a wrong first letter as for a wrong last one. */
export function isSame(given: string, right: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(right)];
  return a.length === b.length && timingSafeEqual(a, b);
}

function parseJson(payload: string): unknown {
  try {
    return JSON.parse(Buffer.from(payload, "base64url").toString("utf8"));
  } catch {
    return undefined;
  }
}
