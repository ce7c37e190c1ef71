/** What a client is told by the gateway itself, in PostgreSQL's words where it has some. */
import { pgError, type PgError } from "../wire/postgres/error-response.ts";

/** Statements in a transaction whose server was lost, until the client has rolled it back. */
export function transactionAborted(): PgError {
  return pgError({
    severity: "ERROR",
    code: "25P02",
    message: "current transaction is aborted, commands ignored until end of transaction block",
  });
}

export function queryCancelled(): PgError {
  return pgError({
    severity: "ERROR",
    code: "57014",
    message: "canceling statement due to user request",
  });
}

/** @param what is waited for */
export function noServer(what: string, waitedMs: number, because: string | undefined): PgError {
  return pgError({
    severity: "ERROR",
    code: "57P03",
    message: `no connection to ${what} within ${Math.round(waitedMs)} ms`,
    detail:
      because === undefined ? "Nothing was sent to it." : `Nothing was sent to it. ${because}`,
    hint: "`leeward status` shows where the writer is; ask again.",
  });
}

export function tooManyHeld(): PgError {
  return pgError({
    severity: "ERROR",
    code: "53300",
    message: "too many statements wait for the writer",
    detail: "Nothing was done.",
    hint: "Ask again in a moment; `gateway.limits.heldUnitsMax` and `heldBytesMax` are the bounds.",
  });
}

/** FATAL: what it listens for cannot be kept any longer, and leaving some out would be a lie. */
export function tooManyNotifications(bytes: number): PgError {
  return pgError({
    severity: "FATAL",
    code: "54000",
    message: "too many notifications wait for the end of the transaction",
    detail: `More than ${bytes} bytes of them came since it began.`,
    hint: "Listen in a session that does not stay in transactions.",
  });
}

export function tokenLost(because: string): PgError {
  return pgError({
    severity: "ERROR",
    code: "40003",
    message: "what this session wrote or read did not survive the failover",
    detail: because,
    hint: "The session goes on from what is there now; this is said once.",
  });
}

export function readRefused(because: string): PgError {
  return pgError({
    severity: "ERROR",
    code: "57P03",
    message: "the read could not be answered with the consistency that the session asks for",
    detail: because,
    hint: "Ask again, or SET leeward.consistency = eventual.",
  });
}

export function idleInTransaction(): PgError {
  return pgError({
    severity: "FATAL",
    code: "25P03",
    message: "terminating connection due to idle-in-transaction timeout",
    hint: "`gateway.limits.idleInTransactionMs` is the bound.",
  });
}

export function tooManyBytes(): PgError {
  return pgError({
    severity: "FATAL",
    code: "53200",
    message: "out of memory",
    detail: "The statements that all clients of the gateway are sending have no room together.",
    hint: "Send it again when others are done; `gateway.limits.requestBytesMax` is the bound.",
  });
}

export function evicted(because: string): PgError {
  return pgError({
    severity: "FATAL",
    code: "57P01",
    message: "terminating connection due to administrator command",
    detail: `The session was bound to its server, and ${because}.`,
    hint: "Temporary tables, session locks and cursors are gone with it. Connect again.",
  });
}

export function invalidValue(name: string, value: string, hint: string | undefined): PgError {
  return pgError({
    severity: "ERROR",
    code: "22023",
    message: `invalid value for parameter "${name}": "${value.slice(0, shownMax)}"`,
    hint,
  });
}

export function unknownSetting(name: string): PgError {
  return pgError({
    severity: "ERROR",
    code: "42704",
    message: `unrecognized configuration parameter "${name.slice(0, shownMax)}"`,
  });
}

/** A client may send a value of any length, and gets it back in the message. */
const shownMax = 200;
