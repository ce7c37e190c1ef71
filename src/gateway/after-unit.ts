/** What a server has to be for a unit, and what it is after it. */
import type { Effect } from "../sql/sql.ts";
import type { ServerConnection } from "./server-connection.ts";
import type { ServerUser } from "./server-user.ts";
import type { SessionCounts, TargetKind } from "./session-home.ts";
import { afreshFrom, differenceOf, valueSetBy, type SessionSettings } from "./session-settings.ts";
import type { Status } from "./session-transaction.ts";
import type { Meaning } from "./unit.ts";

/** The server has what the session has: what it has reset is set again at once. */
export function knowServer(
  server: ServerConnection,
  user: ServerUser,
  ended: {
    readonly meaning: Meaning;
    readonly settings: SessionSettings;
    readonly keepsStatements: boolean;
  },
): void {
  const { meaning, settings, keepsStatements } = ended;
  server.settings = settings;
  for (const effect of meaning.effects) {
    // An error does not undo what a procedure has committed before it, nor what was loaded.
    if (effect.kind === "opaque") server.touchedBy = user;
    if (effect.kind === "pin" && effect.because === "loaded library") server.isOpaque = true;
    if (!keepsStatements && forgetsStatements(effect)) server.knowledge.statements.clear();
  }
}

export type Preparation = {
  readonly sql: string;
  /** It can fail: what the client sends has to wait until it has not, or it would run as somebody else's. */
  readonly isUnsure: boolean;
  /** The server was new: a failure is the client's own. */
  readonly isFirst: boolean;
};

/**
 * The statements that make the server the user's; undefined when it is already.
 * @param wanted `forgets`: what another user's nextval has left there would be told
 */
export function prepareServer(
  server: ServerConnection,
  user: ServerUser,
  wanted: { readonly settings: SessionSettings; readonly forgets: boolean },
): Preparation | undefined {
  const { settings, forgets } = wanted;
  const before = server.settings;
  const isTouched = server.touchedBy !== undefined && server.touchedBy !== user;
  const difference = isTouched
    ? afreshFrom(server.settings, settings)
    : differenceOf(server.settings, settings);
  if (isTouched) server.touchedBy = undefined;
  server.settings = settings;
  if (difference === undefined && !forgets) return undefined;
  const statements = [forgets ? "DISCARD SEQUENCES" : undefined, difference];
  const sql = statements.filter((one) => one !== undefined).join(";");
  const isUnsure = changesIdentity(sql) || mayTimeOut(before);
  return { sql, isUnsure, isFirst: before.entries.size === 0 };
}

/** Whether a SET may be cut short by what the server's last client has set: by less than a second. */
function mayTimeOut({ entries }: SessionSettings): boolean {
  return ["statement_timeout", "transaction_timeout"].some((name) => {
    const sql = entries.get(name);
    const value = sql === undefined ? "0" : valueSetBy(sql);
    return !/^(0|\d{4,}|[1-9]\d*(s|min|h|d))$/.test(value);
  });
}

/** It tells of what nextval has done in the same server. */
export function asksSequences(effect: Effect): boolean {
  return effect.kind === "pin" && effect.because === "sequence value";
}

/** PostgreSQL drops statements that were prepared by the protocol as well. */
export function forgetsStatements(effect: Effect): boolean {
  return (
    effect.kind === "discard-all" || (effect.kind === "deallocate" && effect.name === undefined)
  );
}

/** Whether statements that set something change whose rights a session has. */
export function changesIdentity(sql: string): boolean {
  return /\b(role|session_authorization)\b|SESSION AUTHORIZATION/i.test(sql);
}

/** Whether the session is outside a transaction when the unit has ended well. */
export function endsIdle(isInTransaction: boolean, { effects }: Meaning): boolean {
  let isInside = isInTransaction;
  for (const effect of effects) {
    if (effect.kind === "begin") isInside = true;
    if (effect.kind === "commit" || effect.kind === "rollback") isInside = effect.chains;
    if (effect.kind === "prepare-transaction") isInside = false;
  }
  return !isInside;
}

/** @param tookMs from when the client had sent it */
export function countUnit(
  counts: SessionCounts,
  unit: {
    readonly meaning: Meaning;
    readonly kind: TargetKind;
    readonly status: Status;
    readonly hadError: boolean;
    readonly tookMs: number;
  },
): void {
  const { meaning, kind, status, hadError, tookMs } = unit;
  if (hadError) counts.errors += 1;
  if (kind === "local") counts.localReads += 1;
  else if (meaning.place === "anywhere") counts.writerReads += 1;
  else {
    counts.writes += 1;
    counts.writeMs += tookMs;
  }
  const commits = meaning.effects.some((effect) => effect.kind === "commit");
  if (status === "I" && !hadError && commits) counts.commits += 1;
}
