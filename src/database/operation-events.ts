/** What people and their automation hear of an operation: its changes as events, in our words and in Aurora's. Pure. */
import type { NewEvent } from "../model/event.ts";
import type { Operation, OperationKind } from "../model/operation.ts";
import type { RegionId } from "../model/region.ts";
import { rdsDetails, type ClusterName, type RdsEventNumber } from "./rds-events.ts";

type Told = {
  readonly kind: string;
  readonly message: string;
  readonly region?: RegionId;
  readonly rds?: RdsEventNumber | undefined;
  readonly reason?: string | undefined;
  readonly details?: NewEvent["details"];
};

/** The events of one change of an operation, in order. `before` is undefined when it begins. */
export function operationEvents(
  before: Operation | undefined,
  after: Operation,
): readonly NewEvent[] {
  const told = before === undefined ? [started(after)] : changes(before, after);
  return told.map((one) => eventOf(after, one));
}

function changes(before: Operation, after: Operation): readonly Told[] {
  const isSynchronized = before.step === "catch-up" && after.step !== "catch-up";
  const isClaimed = before.phase === "before-claim" && after.phase === "claimed";
  const isPromoted = before.fork === undefined && after.fork !== undefined;
  const isEnded = before.phase !== "ended" && after.phase === "ended";
  return [
    ...(after.isCancelled && !before.isCancelled ? [cancelWanted(after)] : []),
    ...(isSynchronized ? synchronized(after) : []),
    ...(isClaimed ? claimed(after) : []),
    ...(isPromoted ? promoted(after) : []),
    ...(isEnded ? ended(after) : []),
  ];
}

/** A secondary is rebuilt after a failover: `started` when its clone begins, `finished` when it serves again. */
export function resyncEvents(
  member: ClusterName,
  progress: "started" | "finished",
): readonly NewEvent[] {
  const { database, region } = member;
  const words = progress === "started" ? "is being rebuilt from" : "streams again from";
  return [
    {
      kind: `member.resync-${progress}`,
      message: `Database ${database} in Region ${region} ${words} the new primary after a failover.`,
      region,
      database,
      details: rdsDetails(progress === "started" ? "0240" : "0241", member),
    },
  ];
}

function eventOf(operation: Operation, told: Told): NewEvent {
  const { id, kind, database, from, to, epoch, requestedBy } = operation;
  const region = told.region ?? to;
  return {
    kind: told.kind,
    message: told.message,
    region,
    database,
    details: {
      operation: id,
      operationKind: kind,
      from,
      to,
      epoch,
      requestedBy,
      ...told.details,
      ...(told.rds ? rdsDetails(told.rds, { database, region }, told.reason) : {}),
    },
  };
}

function started(operation: Operation): Told {
  const { kind, database, from, to, overrideFence, estimatedLoss } = operation;
  const isMove = kind === "switchover" || kind === "failover";
  const what = isMove ? `of ${database} from ${from} to ${to}` : `of ${to} (database ${database})`;
  return {
    kind: "operation.started",
    message: `The ${kind} ${what} began.`,
    rds: kind === "switchover" ? "0181" : undefined,
    details: {
      ...(overrideFence === undefined ? {} : { overrideFence }),
      ...(estimatedLoss === undefined
        ? {}
        : {
            estimatedLossTransactions: estimatedLoss.transactions,
            estimatedLossBytes: estimatedLoss.bytes,
            estimatedLossMs: estimatedLoss.ms,
          }),
    },
  };
}

function cancelWanted({ id }: Operation): Told {
  return { kind: "operation.cancel-requested", message: `The end of ${id} was asked for.` };
}

/** Aurora tells the lag of all members and that of the target in two events. */
function synchronized({ kind, steps, to }: Operation): readonly Told[] {
  if (kind !== "switchover") return [];
  const reason = steps.find(({ name }) => name === "catch-up")?.because ?? "";
  const message = `The target of the switchover has nearly everything: ${reason}.`;
  return (["0183", "0423"] as const).map((rds) => ({
    kind: rds === "0183" ? "operation.members-synchronized" : "operation.target-synchronized",
    message,
    region: to,
    rds,
    reason,
  }));
}

/** The claim is the proof that the old writer writes no more; how it is known differs. */
function claimed(operation: Operation): readonly Told[] {
  const { id, kind, database, from, steps, overrideFence } = operation;
  const past: Told = {
    kind: "operation.claimed",
    message: `${id} is past its point of no return: from here it only goes forward.`,
  };
  if (kind === "switchover") {
    const message = `The old writer of ${database} in ${from} was shut down cleanly.`;
    return [{ kind: "database.writer-stopped", message, region: from, rds: "0182" }, past];
  }
  if (kind !== "failover") return [past];
  const because = steps.find(({ name }) => name === "fence")?.because ?? "";
  const isProved = overrideFence === undefined;
  return [
    {
      kind: isProved ? "database.writer-fenced" : "database.fence-overridden",
      message: isProved
        ? `The old writer of ${database} in ${from} accepts no writes: ${because}.`
        : `Nothing proves that the old writer of ${database} in ${from} accepts no writes: ${because}.`,
      region: from,
      rds: isProved ? "0390" : "0391",
      details: { because },
    },
    past,
  ];
}

const promotion: Readonly<Partial<Record<OperationKind, { kind: string; words: string }>>> = {
  switchover: { kind: "database.switched-over", words: "the primary of" },
  failover: { kind: "database.failed-over", words: "the primary, after a failover, of" },
  detach: { kind: "database.detached", words: "on its own, with a copy of" },
};

/** Names follow the status, which shows the new writer from now on; so the event of the endpoint comes along. */
function promoted({ kind, database, to, fork, epoch, writePauseMs }: Operation): readonly Told[] {
  const told = promotion[kind];
  if (!told) return [];
  const details = {
    newEpoch: kind === "detach" ? epoch : epoch + 1,
    timeline: fork?.timeline ?? null,
    writePauseMs: writePauseMs === undefined ? null : Math.round(writePauseMs),
  };
  const message = `${to} is ${told.words} ${database}.`;
  if (kind === "detach") return [{ kind: told.kind, message, rds: "0228", details }];
  const moved = `The writer of ${database} is found in ${to}.`;
  return [
    { kind: told.kind, message, rds: "0184", details },
    { kind: "database.writer-moved", message: moved, rds: "0397" },
  ];
}

function ended(operation: Operation): readonly Told[] {
  const { id, kind, outcome, because, database, from, steps } = operation;
  const words = {
    completed: "completed",
    "rolled-back": "was rolled back",
    failed: "failed",
    running: "goes on",
  } as const;
  const end: Told = {
    kind: `operation.${outcome}`,
    message: `${id} ${words[outcome]}: ${because}.`,
    rds: endNumber(operation),
    details: { because },
  };
  const wasFencing =
    kind === "failover" && outcome !== "completed" && steps.at(-1)?.name === "fence";
  if (!wasFencing) return [end];
  const message = `The old writer of ${database} in ${from} could not be proved to be fenced: ${because}.`;
  return [{ kind: "database.fence-not-proved", message, region: from, rds: "0391" }, end];
}

function endNumber({ kind, outcome, isCancelled }: Operation): RdsEventNumber | undefined {
  const isDone = outcome === "completed";
  if (kind === "switchover") return isDone ? "0185" : isCancelled ? "0186" : "0187";
  if (kind === "failover") return isDone ? "0238" : "0239";
  return undefined;
}
