/** What the gateway answers itself: its own settings, BEGIN before there is anything to do, LISTEN. */
import { describeError } from "../model/failure.ts";
import { encodeError, pgError, type PgError } from "../wire/postgres/error-response.ts";
import { transactionLost } from "./decide-loss.ts";
import { protocolName } from "./decide-forget.ts";
import { tokenSetting, type UnitDecision } from "./decide-unit.ts";
import { invalidValue, noServer, transactionAborted, unknownSetting } from "./gateway-errors.ts";
import { encodeAnswer } from "./local-answer.ts";
import type { SessionChannels } from "./session-channels.ts";
import type { SessionHome } from "./session-home.ts";
import type { SessionState } from "./session-state.ts";
import { formatToken } from "./token.ts";
import { forgetAll, type Unit } from "./unit.ts";

export type OwnCommandDoors = {
  readonly state: SessionState;
  readonly home: SessionHome;
  readonly channels: SessionChannels;
};

/** Up to ReadyForQuery. */
export type OwnAnswer = { readonly bytes: Buffer; readonly isError: boolean };

/** A promise where somebody else has to be asked; it never rejects. */
export function answerHere(
  unit: Unit,
  decision: UnitDecision,
  doors: OwnCommandDoors,
): OwnAnswer | Promise<OwnAnswer> {
  const { state, channels } = doors;
  switch (decision.kind) {
    case "set":
      return set(unit, decision, state);
    case "show":
      return show(unit, decision.name, doors);
    case "deallocate":
      return deallocate(unit, decision, state);
    case "discard-all":
      state.discardAll();
      if (unit.forgotten === undefined) forgetAll(state.names);
      channels.changed();
      return tagged(unit, "DISCARD ALL");
    case "listen":
      return listen(unit, decision.channel, doors);
    case "unlisten":
      state.transaction.unlisten(decision.channel);
      channels.changed();
      return tagged(unit, "UNLISTEN");
    default:
      return answerTransaction(unit, decision, doors);
  }
}

/** Of a transaction that no server knows, or none knows any more. */
function answerTransaction(
  unit: Unit,
  decision: UnitDecision,
  { state: { transaction }, channels }: OwnCommandDoors,
): OwnAnswer {
  switch (decision.kind) {
    case "begin":
      transaction.defer(textOf(unit), decision.isReadOnly);
      return tagged(unit, beginTag(unit));
    case "end":
      transaction.endHere(decision.commits);
      channels.changed();
      if (decision.chains) transaction.defer("BEGIN", false);
      return tagged(unit, decision.commits ? "COMMIT" : "ROLLBACK");
    case "broken":
      transaction.tell();
      return refused(transactionLost(decision.because));
    case "rollback-broken":
      transaction.endHere(false);
      channels.changed();
      return tagged(unit, "ROLLBACK");
    case "aborted":
      return refused(transactionAborted());
    default:
      return refused(notAnswered);
  }
}

const notAnswered = pgError({
  severity: "ERROR",
  code: "XX000",
  message: "the gateway has no answer to this",
});

function tagged(unit: Unit, tag: string): OwnAnswer {
  return { bytes: encodeAnswer(unit, { tag, result: undefined }), isError: false };
}

function shown(unit: Unit, column: string, value: string): OwnAnswer {
  return { bytes: encodeAnswer(unit, { tag: "SHOW", result: { column, value } }), isError: false };
}

function refused(error: PgError): OwnAnswer {
  return { bytes: encodeError(error), isError: true };
}

function set(
  unit: Unit,
  { name, value }: Extract<UnitDecision, { readonly kind: "set" }>,
  state: SessionState,
): OwnAnswer {
  const trouble = state.set(name, value);
  if (trouble === undefined) return tagged(unit, value === undefined ? "RESET" : "SET");
  const error =
    trouble.kind === "unknown"
      ? unknownSetting(name)
      : invalidValue(name, value ?? "", trouble.hint);
  return refused(error);
}

function deallocate(
  unit: Unit,
  { name, isKnown }: Extract<UnitDecision, { readonly kind: "deallocate" }>,
  { names }: SessionState,
): OwnAnswer {
  if (name === undefined) {
    // What the client has parsed after it is not among them.
    if (unit.forgotten === undefined) forgetAll(names);
    return tagged(unit, "DEALLOCATE ALL");
  }
  if (!isKnown) {
    const message = `prepared statement "${name}" does not exist`;
    return refused(pgError({ severity: "ERROR", code: "26000", message }));
  }
  names.delete(protocolName(name));
  return tagged(unit, "DEALLOCATE");
}

/** In the writer's Region the token is asked for when somebody wants to see it: nobody needs it there. */
async function showToken(unit: Unit, { home }: OwnCommandDoors): Promise<OwnAnswer> {
  try {
    const token = await home.writerPosition(new AbortController().signal);
    return shown(unit, tokenSetting, formatToken(token));
  } catch (error) {
    return refused(noServer("the writer", 0, describeError(error)));
  }
}

function show(unit: Unit, name: string, doors: OwnCommandDoors): OwnAnswer | Promise<OwnAnswer> {
  if (name === tokenSetting && doors.home.isWriterHere) return showToken(unit, doors);
  const value = doors.state.show(name);
  return value === undefined ? refused(unknownSetting(name)) : shown(unit, name, value);
}

async function listen(
  unit: Unit,
  channel: string,
  { channels, state }: OwnCommandDoors,
): Promise<OwnAnswer> {
  try {
    await channels.listen(channel);
    state.transaction.listen(channel);
    return tagged(unit, "LISTEN");
  } catch (error) {
    return refused(noServer("the writer", 0, describeError(error)));
  }
}

/** The statement's text, of a simple query or of the one statement that is executed. */
function textOf(unit: Unit): string {
  if (unit.kind === "simple") return unit.bytes.toString("utf8", 5, unit.bytes.length - 1);
  const [prepared] = unit.executed;
  return prepared?.body.toString("utf8", 0, prepared.textBytes) ?? "BEGIN";
}

function beginTag(unit: Unit): string {
  return /^\s*start\b/i.test(textOf(unit)) ? "START TRANSACTION" : "BEGIN";
}
