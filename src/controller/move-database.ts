/**
 * The simplest button: makes a Region the primary of a database and moves both its names there. Safe to press again:
 * what is so already, or under way, is not begun a second time.
 */
import type { ApiMoveRequest, ApiMoveResult } from "../api/services-api.ts";
import { moveWaitMs } from "../api/services-api.ts";
import type { DatabaseController } from "../database/controller.ts";
import type { SystemSnapshot } from "../database/system-snapshot.ts";
import type { Clock } from "../env/env.ts";
import { Failure } from "../model/failure.ts";
import type { Operation, OperationRequest } from "../model/operation.ts";
import type { DatabaseId, OperationId, RegionId } from "../model/region.ts";
import type { DatabaseNames } from "../model/traffic.ts";
import { nearest } from "../std/nearest.ts";
import { operationView } from "./operation-view.ts";
import { reportAgeMsMax, writerAnswers } from "./writer-answers.ts";

/** 100 ms between looks at what nobody tells: names that have not followed yet, a primary that may be gone. */
const lookMs = 100;

export type MoveDoors = {
  readonly clock: Clock;
  readonly databases: DatabaseController;
  /** Where the names are to lead now; settles when they do. */
  readonly moveNames: (signal: AbortSignal) => Promise<readonly DatabaseNames[]>;
};

/** @throws Failure as `ServicesWorld.moveDatabase` says */
export async function moveDatabase(
  doors: MoveDoors,
  database: string,
  { to, from, allowDataLoss }: ApiMoveRequest,
  signal: AbortSignal,
): Promise<ApiMoveResult> {
  const { clock, databases } = doors;
  const untilMs = clock.monotonicMs() + moveWaitMs;
  const { record, operation: holding, instances } = find(databases, database);
  checkMember(database, to, record.members);
  const common = { database, to };
  if (holding !== undefined && !movesTo(holding, to)) throw held(holding);
  const isThere = record.primary === to && holding === undefined;
  if (isThere) {
    const isDone = await namesLead(doors, common, untilMs, signal);
    return { ...common, isDone, isAlready: true, operation: null };
  }
  if (holding === undefined && from !== undefined && record.primary !== from) {
    const message = `${record.primary} is the primary of ${database}, not ${from}; nothing was begun`;
    throw new Failure("failover.unexpected-primary", message);
  }
  const wish: Wish = {
    database: database as DatabaseId,
    to: to as RegionId,
    requestedBy: "person",
    allowDataLoss,
    expectPrimary: record.primary,
    overrideFence: undefined,
    pins: "refuse",
  };
  const kind = writerAnswers(instances) ? "switchover" : "failover";
  const begun = holding ?? (await begin(databases, { ...wish, kind }, signal));
  const operation = await untilMoved(doors, begun, untilMs, signal).catch(async (error) => {
    if (!(await isLost(doors, begun, { allowDataLoss, untilMs }, signal))) throw error;
    const next = await begin(databases, { ...wish, kind: "failover" }, signal);
    return untilMoved(doors, next, untilMs, signal);
  });
  const isDone =
    hasMoved(databases, operation) && (await namesLead(doors, common, untilMs, signal));
  return { ...common, isDone, isAlready: false, operation: operationView(operation) };
}

type Wish = Omit<OperationRequest, "kind">;

/**
 * Whether a switchover that was rolled back met a primary that is really gone. It had been heard a moment before, or
 * there had been no switchover; so it is waited for, until its last word is too old to believe, or it says a new one.
 */
async function isLost(
  { clock, databases }: MoveDoors,
  { id, kind, database }: Operation,
  { allowDataLoss, untilMs }: { readonly allowDataLoss: boolean; readonly untilMs: number },
  signal: AbortSignal,
): Promise<boolean> {
  const wasRolledBack = databases.operation(id)?.outcome === "rolled-back";
  if (!allowDataLoss || kind !== "switchover" || !wasRolledBack) return false;
  const fromMs = clock.monotonicMs();
  for (;;) {
    const { operation, instances } = find(databases, database);
    if (operation !== undefined) return false;
    const writer = instances.find(({ isWriter }) => isWriter);
    const ageMs = writer?.reportAgeMs ?? Infinity;
    if (ageMs > reportAgeMsMax) return true;
    const nowMs = clock.monotonicMs();
    if (ageMs < nowMs - fromMs || nowMs >= untilMs) return false;
    await clock.sleep(lookMs, signal);
  }
}

/** Others, of which one may have the same Region, move no writer. */
function movesTo({ kind, to }: Operation, region: string): boolean {
  return (kind === "switchover" || kind === "failover") && to === region;
}

function held({ id, kind, database, to }: Operation): Failure {
  const message = `${id} holds ${database}, a ${kind} to ${to}; nothing was begun`;
  return new Failure("operation.conflict", message);
}

/** Two who press at once press one button: whoever was later is given what the other began. */
async function begin(
  databases: DatabaseController,
  request: OperationRequest,
  signal: AbortSignal,
): Promise<Operation> {
  try {
    return await databases.begin(request, signal);
  } catch (error) {
    if (!(error instanceof Failure) || error.code !== "operation.conflict") throw error;
    const { operation } = find(databases, request.database);
    if (operation === undefined || !movesTo(operation, request.to)) throw error;
    return operation;
  }
}

/** @throws Failure `database.unknown` */
function find(databases: DatabaseController, name: string): SystemSnapshot {
  const global = databases.snapshots().filter(({ system }) => system.kind === "global");
  const found = global.find(({ system }) => system.name === name);
  if (found) return found;
  const known = global.map(({ system }) => system.name);
  const guess = nearest(name, known);
  const message = `There is no global database ${name}${guess ? `; did you mean ${guess}?` : ""}`;
  throw new Failure("database.unknown", message);
}

/** @throws Failure `region.unknown` */
function checkMember(database: string, region: string, members: readonly RegionId[]): void {
  if (members.some((member) => member === region)) return;
  const guess = nearest(region, members);
  const message = `${region} is no Region of ${database}${guess ? `; did you mean ${guess}?` : ""}`;
  throw new Failure("region.unknown", message);
}

/** The new writer accepts writes; the operation may go on, until the other Regions follow it. */
function hasMoved(databases: DatabaseController, { database, to }: Operation): boolean {
  const { record } = find(databases, database);
  return record.primary === to && record.isPromoted;
}

/**
 * As it is once it has moved the writer, after its end, or when the time is over.
 * @throws Failure `operation.rolled-back`, `operation.failed`
 */
async function untilMoved(
  { clock, databases }: MoveDoors,
  begun: Operation,
  untilMs: number,
  signal: AbortSignal,
): Promise<Operation> {
  const look = (id: OperationId): Operation => databases.operation(id) ?? begun;
  let change = 0;
  const late = new AbortController();
  const leftMs = Math.max(0, untilMs - clock.monotonicMs());
  const either = AbortSignal.any([signal, late.signal]);
  const waiting = clock.sleep(leftMs, either).then(
    () => late.abort(new Error("it takes longer")),
    () => undefined,
  );
  const isOver = (): boolean => hasMoved(databases, begun) || look(begun.id).phase === "ended";
  while (!isOver() && !either.aborted) {
    change = await databases.changed(change, either);
  }
  late.abort(new Error("it is over"));
  await waiting;
  signal.throwIfAborted();
  const operation = look(begun.id);
  if (operation.phase !== "ended" || operation.outcome === "completed") return operation;
  const code = operation.outcome === "rolled-back" ? "operation.rolled-back" : "operation.failed";
  throw new Failure(
    code,
    `${operation.id} did not move ${operation.database}: ${operation.because}`,
  );
}

/** Within the time: false where they do not yet, or where the writer that they lead to does not answer. */
async function namesLead(
  { clock, databases, moveNames }: MoveDoors,
  { database, to }: { readonly database: string; readonly to: string },
  untilMs: number,
  signal: AbortSignal,
): Promise<boolean> {
  for (;;) {
    const names = await moveNames(signal);
    const lead = names.some((one) => one.database === database && one.writer === to);
    if (lead && writerAnswers(find(databases, database).instances)) return true;
    if (clock.monotonicMs() >= untilMs) return false;
    await clock.sleep(lookMs, signal);
  }
}
