/**
 * What a client is told when its server is lost under it. Pure. One honest error: that nothing was done, or that nobody
 * can say; and nothing at all where the statement can be asked again.
 */
import { pgError, type PgError } from "../wire/postgres/error-response.ts";
import type { Status } from "./session-transaction.ts";

export type LossView = {
  readonly because: string;
  /** A transaction that the client began was open. */
  readonly isInTransaction: boolean;
  /** The session was bound to the server by something that only that server had. */
  readonly isPinned: boolean;
  /** The unit that was under way. */
  readonly unit:
    | {
        readonly hasAnswered: boolean;
        /** It does nothing that would be there twice. */
        readonly isReplayable: boolean;
        /** It asked for a commit. */
        readonly commits: boolean;
        /** It is a commit and nothing else, and it can be found out whether that was done. */
        readonly canBeFound: boolean;
      }
    | undefined;
  /** What the client has been sent ends inside a message. */
  readonly isInsideMessage: boolean;
};

export type LossDecision =
  /** The client's stream is broken, too. */
  | { readonly kind: "cut" }
  /** As if nothing had happened. */
  | { readonly kind: "retry" }
  /** The client hears of it with its next statement. */
  | { readonly kind: "remember" }
  /** Nothing was lost that the client knows of. */
  | { readonly kind: "nothing" }
  /** The client is told what became of its commit, as soon as that is known. */
  | { readonly kind: "find-out" }
  | { readonly kind: "error"; readonly error: PgError; readonly status: Status }
  | { readonly kind: "end"; readonly error: PgError };

export function decideLoss(view: LossView): LossDecision {
  if (view.isInsideMessage) return { kind: "cut" };
  return view.unit === undefined ? decideIdle(view) : decideUnderWay(view, view.unit);
}

/** The client waits for nothing. */
function decideIdle({ because, isInTransaction, isPinned }: LossView): LossDecision {
  if (isInTransaction) return { kind: "remember" };
  return isPinned ? { kind: "end", error: sessionLost(because) } : { kind: "nothing" };
}

function decideUnderWay(view: LossView, unit: NonNullable<LossView["unit"]>): LossDecision {
  const { because, isInTransaction, isPinned } = view;
  if (isInTransaction) {
    if (unit.canBeFound && !unit.hasAnswered && !isPinned) return { kind: "find-out" };
    return unit.commits
      ? { kind: "error", error: outcomeUnknown(because), status: "I" }
      : { kind: "error", error: transactionLost(because), status: "E" };
  }
  if (unit.isReplayable && !unit.hasAnswered && !isPinned) return { kind: "retry" };
  const error = unit.isReplayable ? readLost(because) : outcomeUnknown(because);
  return isPinned
    ? { kind: "end", error: { ...error, severity: "FATAL" } }
    : { kind: "error", error, status: "I" };
}

/** A retry is safe: frameworks know the code as "run the transaction again". */
export function transactionLost(because: string): PgError {
  return pgError({
    severity: "ERROR",
    code: "40001",
    message: "the transaction was rolled back: its server was lost",
    detail: `Nothing of it was committed. ${because}`,
    hint: "Run the transaction again.",
  });
}

/** Whether a commit was done, where that could be found out. */
export function commitLost(because: string): PgError {
  return pgError({
    severity: "ERROR",
    code: "40001",
    message: "the transaction was rolled back: its server was lost before it had committed",
    detail: `Nothing of it was committed: ${because}`,
    hint: "Run the transaction again.",
  });
}

/** Nobody can say whether it was done. */
export const inDoubtCode = "08007";

export function outcomeUnknown(because: string): PgError {
  return pgError({
    severity: "ERROR",
    code: inDoubtCode,
    message: "the server was lost while it committed: whether the changes are there is not known",
    detail: because,
    hint: "Look whether the changes are there before you make them again.",
  });
}

function readLost(because: string): PgError {
  return pgError({
    severity: "ERROR",
    code: "08006",
    message: "the server was lost while it answered",
    detail: `Nothing was changed. ${because}`,
    hint: "Ask again.",
  });
}

function sessionLost(because: string): PgError {
  return pgError({
    severity: "FATAL",
    code: "57P01",
    message: "the session has ended: the server that it was bound to was lost",
    detail: because,
    hint: "Temporary tables, session locks and cursors are gone with it. Connect again.",
  });
}
