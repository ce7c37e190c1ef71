/** Whether a form was sent from a page of ours, for this session. */
import { isSame, sign, type Session } from "./session.ts";

export const csrfField = "_csrf";

/** For the hidden field. Only who can read our pages in this session has it. */
export function csrfToken(session: Session, key: string): string {
  return sign("csrf", session.id, key);
}

/** `token` as the form brought it. */
export function isOurToken(token: unknown, session: Session, key: string): boolean {
  return typeof token === "string" && isSame(token, csrfToken(session, key));
}

export type SenderHeaders = {
  readonly host?: string | undefined;
  readonly origin?: string | undefined;
  readonly "sec-fetch-site"?: string | string[] | undefined;
};

/** What browsers say of where a form comes from; programs that say nothing are left to the token. */
export function isSameOrigin(headers: SenderHeaders): boolean {
  const site = headers["sec-fetch-site"];
  if (site !== undefined && site !== "same-origin") return false;
  if (headers.origin === undefined) return true;
  // The scheme is not compared: TLS may end before us.
  return URL.canParse(headers.origin) && new URL(headers.origin).host === headers.host;
}
