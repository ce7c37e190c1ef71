/** Which errors of PostgreSQL, of a gateway or of a connection go away when one asks again. Pure. */

/** Nothing was done: serialization, deadlock, a server that only reads, no writer at the moment, too many connections. */
const undone = new Set(["40001", "40P01", "25006", "57P03", "53300", "ECONNREFUSED"]);

/** Nobody can say whether it was done. */
const inDoubt = new Set([
  "57P01",
  "57P02",
  "ECONNRESET",
  "EPIPE",
  "ETIMEDOUT",
  "EHOSTUNREACH",
  "ENETUNREACH",
]);

/** pg says these without a code: no connection was to be had, so nothing was sent. */
const notConnected = /timeout exceeded when trying to connect/i;

/** These, too; something may have been sent. */
const brokenConnection =
  /connection terminated|query read timeout|client has encountered a connection error|connection ended/i;

/** What the session had written or seen did not survive a failover. */
export function isTokenLost(error: unknown): boolean {
  return codeOf(error) === "40003";
}

/** A value that a setting cannot have. */
export function isInvalidValue(error: unknown): boolean {
  return codeOf(error) === "22023";
}

/**
 * PostgreSQL has refused a statement, and its connection is as good as before: wrong data, a constraint, a transaction that
 * lost to another one, and what the shop's own functions refuse (`RC…` of carts, `RS…` of orders).
 */
export function isOfStatement(error: unknown): boolean {
  return /^(?:22|23|40|P0|RC|RS)...$/.test(codeOf(error) ?? "");
}

/** `isRepeatable`: doing it twice is as doing it once. */
export function canBeRepeated(error: unknown, isRepeatable: boolean): boolean {
  const code = codeOf(error) ?? "";
  if (undone.has(code)) return true;
  if (error instanceof Error && notConnected.test(error.message)) return true;
  if (!isRepeatable) return false;
  if (inDoubt.has(code) || code.startsWith("08")) return true;
  return error instanceof Error && brokenConnection.test(error.message);
}

function codeOf(error: unknown): string | undefined {
  const code = (error as { readonly code?: unknown } | undefined)?.code;
  return typeof code === "string" ? code : undefined;
}
