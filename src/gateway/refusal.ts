/** Which errors of a standby mean that the writer would have answered. */
import type { PgError } from "../wire/postgres/error-response.ts";

export type Refusal =
  /** It writes: texts like this one go to the writer from now on. */
  | "writes"
  /** Replay and the statement were in each other's way, or the server ends: nothing is wrong with the statement. */
  | "busy";

/**
 * Judges an error by code and text: PostgreSQL has no code of its own for most of them.
 * Source: what a hot standby of PostgreSQL 15 answers to 75 kinds of statements; 18 words them alike.
 */
export function refusalOf({
  code,
  message,
}: Pick<PgError, "code" | "message">): Refusal | undefined {
  switch (code) {
    case "25006":
      return "writes";
    case "0A000":
      return standbyWords.test(message) ? "writes" : undefined;
    case "55000":
    case "XX000":
      return recoveryWords.test(message) ? "writes" : undefined;
    case "40001":
      return message.includes("due to conflict with recovery") ? "busy" : undefined;
    case "57P01":
    case "57P02":
    case "57P03":
      return "busy";
    default:
      return undefined;
  }
}

/**
 * Whether a prepared statement returns something else since the catalog changed. PostgreSQL keeps that from clients
 * that remember what the columns were.
 */
export function isStalePlan({ code, routine }: Pick<PgError, "code" | "routine">): boolean {
  return code === "0A000" && routine === "RevalidateCachedQuery";
}

const standbyWords = /during recovery|hot standby|unlogged relations/;
const recoveryWords = /during recovery|recovery is in progress/;
