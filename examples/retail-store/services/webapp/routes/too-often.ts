/** What is told to somebody who tries passwords faster than `attempts.ts` allows. */
import type { FastifyReply, FastifyRequest } from "fastify";
import type { LoginAttempts } from "../attempts.ts";

/** 64 characters: longer than any address. */
const addressLengthMax = 64;

/** `problem` is for the form. */
export type Wait = { readonly seconds: number; readonly problem: string };

/** Counts one more try; undefined: go on. `account` as in `LoginAttempts.waitMs`. */
export function waitOf(
  attempts: LoginAttempts,
  request: FastifyRequest,
  account: string | undefined,
): Wait | undefined {
  const waitMs = attempts.waitMs(addressOf(request), account, performance.now());
  if (waitMs === 0) return undefined;
  const seconds = Math.ceil(waitMs / 1_000);
  const when = seconds === 1 ? "in a second" : `in ${seconds} seconds`;
  return { seconds, problem: `That was tried too often. Please try again ${when}.` };
}

/** For programs; people read the form. */
export function askToWait(reply: FastifyReply, { seconds }: Wait): FastifyReply {
  return reply.header("retry-after", `${seconds}`);
}

/** The entry says first of all who came to it, and drops what clients say of it. */
function addressOf({ headers, ip }: FastifyRequest): string {
  const [forwarded] = [headers["x-forwarded-for"]].flat();
  return (forwarded?.split(",", 1)[0]?.trim() ?? ip).slice(0, addressLengthMax);
}
