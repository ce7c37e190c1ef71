/** What follows from a unit that has ended well, for the server that ran it. */
import type { Effect } from "../sql/sql.ts";
import type { ServerConnection } from "./server-connection.ts";
import type { SessionCounts, TargetKind } from "./session-home.ts";
import { SessionSettings } from "./session-settings.ts";
import type { Status } from "./session-transaction.ts";
import type { Meaning } from "./unit.ts";

/**
 * The server has what the session has, but for what was reset: that is at the server's own default, where the session
 * goes back to what its connection string said.
 */
export function knowServer(
  server: ServerConnection,
  effects: readonly Effect[],
  settings: SessionSettings,
): void {
  server.settings = settings;
  for (const effect of effects) {
    if (effect.kind === "discard-all" || effect.kind === "reset-all") {
      server.settings = SessionSettings.none;
      // RESET ALL leaves who the session is.
      if (effect.kind === "reset-all" && changesIdentity(settings.key)) server.isOpaque = true;
    }
    if (effect.kind === "set" && effect.sql === undefined) {
      server.settings = server.settings.without(effect.name);
    }
    if (forgetsStatements(effect)) server.knowledge.statements.clear();
  }
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
