/** Who may change the catalogue: whoever knows the token. */
import { createHash, timingSafeEqual } from "node:crypto";
import { Refusal } from "../shared/refusal.ts";

/**
 * Checks `Authorization: Bearer <token>`, in the same time for every wrong one.
 * @throws Refusal 401
 */
export function demandAdmin(header: string | undefined, token: string): void {
  const given = /^Bearer (.{1,200})$/.exec(header ?? "")?.[1] ?? "";
  if (!timingSafeEqual(digest(given), digest(token))) {
    throw new Refusal(
      401,
      "not-allowed",
      "This needs `Authorization: Bearer` and the admin token.",
    );
  }
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
