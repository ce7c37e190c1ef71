/**
 * A switchover on PostgreSQL: nothing is lost, and until the claim nothing has happened. Writes pause from the
 * hand-over to the promotion; everything that can be done before is done before.
 *
 *   old writer:  checkpoint ───► hand-over (clean stop: the token) ·················► follows
 *   target:      catch up, prepare ───► replays to the token ──────CLAIM──────► promote
 */
import type { Step, StepDecision, StepPlan } from "../engine/engine.ts";
import type { CommandProgress, CommandResult, MeasuredLag } from "../model/instance.ts";
import { formatLsn } from "../model/lsn.ts";
import type { RegionId } from "../model/region.ts";
import { hasJoined } from "./joined.ts";
import type { OperationDeed, OperationView } from "./operation-view.ts";
import { promoteStep } from "./promote-step.ts";

/** The target's deed goes on from the preparation through the hand-over. */
const awaiting = "await-handover";

type SwitchoverStep = Step<OperationView, OperationDeed>;
type Decision = StepDecision<OperationDeed>;

/** 1 MiB: what a slow link of 10 mbit carries in a second, which is then a part of the write pause. */
const lagBytesMax = 1024 * 1024;
/** 120 s: a checkpoint of gigabytes of dirty pages on a slow disk; clients notice nothing of it. */
const preparationMs = 120_000;
/** 10 s for an agent to begin; it is one message. */
const prepareMs = 10_000;
/** 10 s: writes wait for this long at most before they go on where they were. */
export const handOverMs = 10_000;
/** 30 s: then the old writer is left to come back by itself. */
const followMs = 30_000;

export const switchoverPlan: StepPlan<OperationView, OperationDeed> = {
  isResumable: false,
  beforeClaim: [
    step("catch-up", "Waits until the target has nearly everything.", preparationMs, catchUp),
    step(
      "checkpoint",
      "The old writer writes a checkpoint, so that its shutdown is short.",
      preparationMs,
      checkpoint,
    ),
    step(
      "prepare",
      "The target begins to watch the old writer's last byte, and to probe how long writes pause.",
      prepareMs,
      prepare,
    ),
    step(
      "hand-over",
      "Writes are held, the old writer shuts down cleanly, the target replays up to its last byte.",
      handOverMs,
      handOver,
    ),
  ],
  afterClaim: [
    promoteStep,
    {
      ...step(
        "follow",
        "The old writer starts again and streams from the new one.",
        followMs,
        follow,
      ),
      isOptional: true,
    },
  ],
};

function step(
  name: string,
  says: string,
  deadlineMs: number,
  decide: SwitchoverStep["decide"],
): SwitchoverStep {
  return { name, says, deadlineMs, isOptional: false, decide };
}

function catchUp({ operation, reportOf }: OperationView): Decision {
  const writer = reportOf(operation.from);
  if (!writer) return writerIsSilent(operation.from);
  const lag = writer.lags.find(({ region, number }) => region === operation.to && number === 1);
  if (!lag?.isStreaming) return { kind: "wait", because: `${operation.to} does not stream` };
  // A clean shutdown waits until every secondary that streams has everything, not the target alone.
  const last = writer.lags
    .filter(({ isStreaming }) => isStreaming)
    .toSorted((a, b) => (b.lagBytes ?? 0) - (a.lagBytes ?? 0))[0];
  const because = `${last?.region ?? operation.to} is ${last?.lagBytes ?? 0} bytes behind`;
  return !last || hasNearlyAll(last)
    ? { kind: "done", learnt: {}, because }
    : { kind: "wait", because };
}

/** Before anything is held: a failover may be what is needed now. */
function writerIsSilent(region: RegionId): Decision {
  return { kind: "give-up", because: `the writer's agent in ${region} is not heard any more` };
}

function hasNearlyAll({ lagBytes }: MeasuredLag): boolean {
  return lagBytes !== undefined && lagBytes <= lagBytesMax;
}

function checkpoint(view: OperationView): Decision {
  const { from } = view.operation;
  const written = view.progressOf(from, "checkpoint");
  if (written?.outcome === "failed") return { kind: "give-up", because: written.because };
  if (written?.outcome === "done") {
    return { kind: "done", learnt: {}, because: "the checkpoint is written" };
  }
  if (!view.reportOf(from)) return writerIsSilent(from);
  return {
    kind: "do",
    deeds: [
      { instance: view.instanceOf(from), step: "checkpoint", action: { kind: "checkpoint" } },
    ],
    because: "a shutdown soon after a checkpoint is short",
  };
}

function prepare(view: OperationView): Decision {
  const { from, to } = view.operation;
  const waiting = view.progressOf(to, awaiting);
  if (waiting?.outcome === "failed") return { kind: "give-up", because: waiting.because };
  if (waiting?.outcome === "done") {
    return { kind: "give-up", because: `the stream to ${to} ended before anything was held` };
  }
  if (waiting?.result?.kind === "watching" && !waiting.result.isProbing) {
    return { kind: "give-up", because: `${to} does not reach the writer in ${from}` };
  }
  if (waiting?.result) return { kind: "done", learnt: {}, because: `${to} watches ${from}` };
  const action = { kind: awaiting, upstream: view.upstreamOf(to, from) } as const;
  return {
    kind: "do",
    deeds: [{ instance: view.instanceOf(to), step: awaiting, action }],
    because: `${to} has not answered yet`,
  };
}

function handOver(view: OperationView): Decision {
  const { from, to, pins } = view.operation;
  const stopped = view.progressOf(from, "hand-over");
  const replayed = view.progressOf(to, awaiting);
  const hasEnded = replayed?.outcome === "done";
  const trouble = troubleOf(view, stopped, replayed);
  if (trouble !== undefined) return { kind: "give-up", because: trouble };
  const [token, position] = [stopped?.result, replayed?.result];
  if (token?.kind === "token" && position?.kind === "position") {
    return compare(to, { token, position, hasEnded });
  }
  const action = { kind: "hand-over", withinMs: handOverMs, pins } as const;
  return {
    kind: "do",
    deeds: [{ instance: view.instanceOf(from), step: "hand-over", action }],
    because: `${token ? to : from} is not done yet`,
  };
}

function troubleOf(
  { operation: { from, to } }: OperationView,
  stopped: CommandProgress | undefined,
  replayed: CommandProgress | undefined,
): string | undefined {
  const endedEarly = replayed?.outcome === "done" && !stopped;
  return (
    failureOf(stopped, `${from} could not hand over`) ??
    failureOf(replayed, `${to} could not wait for the last byte`) ??
    (endedEarly ? `the stream to ${to} ended before anything was held` : undefined)
  );
}

type Positions = {
  readonly token: Extract<CommandResult, { readonly kind: "token" }>;
  readonly position: Extract<CommandResult, { readonly kind: "position" }>;
  /** Nothing more can come. */
  readonly hasEnded: boolean;
};

/** The record of the shutdown checkpoint begins at the token: whoever is beyond it has replayed it whole (O3). */
function compare(to: RegionId, { token, position, hasEnded }: Positions): Decision {
  const { timeline, lsn } = token;
  const reached = formatLsn(position.replayedLsn);
  const where = `${to} replayed to ${reached}, the token is ${formatLsn(lsn)}`;
  if (position.timeline === timeline && position.replayedLsn > lsn) {
    return { kind: "done", learnt: { token: { timeline, lsn } }, because: where };
  }
  // While its stream goes on, the rest may be on its way.
  return hasEnded
    ? { kind: "give-up", because: `${where}: it does not have everything` }
    : { kind: "wait", because: where };
}

function follow({ operation, record, reportOf }: OperationView): Decision {
  const old = reportOf(operation.from);
  const isBack = old !== undefined && hasJoined(old, record);
  return isBack
    ? { kind: "done", learnt: {}, because: `${operation.from} streams from ${operation.to}` }
    : { kind: "wait", because: `${operation.from} is ${old?.state.kind ?? "silent"}` };
}

function failureOf(progress: CommandProgress | undefined, what: string): string | undefined {
  return progress?.outcome === "failed" ? `${what}: ${progress.because}` : undefined;
}
