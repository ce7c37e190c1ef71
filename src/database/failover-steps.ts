/**
 * A failover on PostgreSQL: the old writer is proved to be fenced before anybody may follow it, by its own answer,
 * or because its lease is over and nobody promised it another one, or because a person vouches for it in writing.
 *
 *   old writer:  fence ──────────┐ (or its lease runs out)
 *   target:      seal ───────────┴─► catch up with the best survivor ─CLAIM─► promote
 */
import type { Step, StepDecision, StepPlan } from "../engine/engine.ts";
import type { CommandProgress, InstanceReport } from "../model/instance.ts";
import type { RegionId } from "../model/region.ts";
import type { OperationDeed, OperationView } from "./operation-view.ts";
import { promoteStep } from "./promote-step.ts";

type Decision = StepDecision<OperationDeed>;

/** 60 s: far longer than any lease; whoever cannot be asked by then will not answer. */
const fenceMs = 60_000;
/** 2 s: every agent that is heard at all reports twice in that time. */
const freshReportsMs = 2_000;
/** 10 s for what the best survivor has more; then it is left to that survivor, as evidence. */
const catchUpMs = 10_000;
/** 30 s: the deed's own bound comes first, so that only a target that fell silent exceeds it; then another is chosen. */
const catchUpStepMs = 30_000;

const fence: Step<OperationView, OperationDeed> = {
  name: "fence",
  says: "The old writer is told to stop, or its lease runs out; the target promises it nothing more.",
  deadlineMs: fenceMs,
  isOptional: false,
  decide: proveFence,
};

const catchUp: Step<OperationView, OperationDeed> = {
  name: "catch-up",
  says: "The target takes from another survivor what it did not receive itself.",
  deadlineMs: catchUpStepMs,
  isOptional: false,
  decide: catchUpWithBest,
};

export const failoverPlan: StepPlan<OperationView, OperationDeed> = {
  isResumable: true,
  beforeClaim: [fence, catchUp],
  afterClaim: [promoteStep],
};

function proveFence(view: OperationView): Decision {
  const { from, to, overrideFence } = view.operation;
  if (overrideFence !== undefined) {
    return { kind: "done", learnt: {}, because: `a person vouches for it: ${overrideFence}` };
  }
  if (view.progressOf(from, "fence")?.outcome === "done") {
    return { kind: "done", learnt: {}, because: `${from} stopped, its agent says` };
  }
  const seal = view.progressOf(to, "seal");
  const isSealed = seal?.outcome === "done";
  if (isSealed && view.leaseLeftMs === 0) {
    return { kind: "done", learnt: {}, because: `the lease of ${from} is over` };
  }
  const left = Math.ceil(view.leaseLeftMs);
  return {
    kind: "do",
    deeds: [
      { instance: view.instanceOf(from), step: "fence", action: { kind: "fence" } },
      {
        instance: view.instanceOf(to),
        step: "seal",
        action: { kind: "seal", epoch: view.operation.epoch },
      },
    ],
    because: isSealed ? `the lease of ${from} lasts ${left} ms yet` : notSealedYet(to, seal),
  };
}

function notSealedYet(to: RegionId, seal: CommandProgress | undefined): string {
  return seal?.outcome === "failed"
    ? `${to} could not be sealed, and is asked again: ${seal.because}`
    : `${to} is being sealed`;
}

function catchUpWithBest(view: OperationView): Decision {
  const { from, to } = view.operation;
  const progress = view.progressOf(to, "catch-up");
  if (progress?.outcome === "done") return done("it took over what it did not receive itself");
  if (progress?.outcome === "failed") {
    return done(`it could not take over what another Region has more: ${progress.because}`);
  }
  const target = view.reportOf(to);
  if (!target) return { kind: "wait", because: `${to} does not report` };
  const stale = view.record.members.find((region) => region !== from && isStale(view, region));
  if (stale !== undefined && view.stepMs < freshReportsMs) {
    return { kind: "wait", because: `what ${stale} has received since the fence is not known yet` };
  }
  const best = bestSurvivor(view, target);
  if (!best) return done("no survivor that answers has received more");
  return {
    kind: "do",
    deeds: [
      {
        instance: view.instanceOf(to),
        step: "catch-up",
        action: {
          kind: "catch-up",
          // The survivor has no slot for it: what is fetched now was written a moment ago.
          upstream: { ...view.upstreamOf(to, best.region), slot: "" },
          untilLsn: best.flushedLsn,
          withinMs: catchUpMs,
        },
      },
    ],
    because: `${best.region} has received more`,
  };
}

/** It was heard before the writer was fenced, and may have received more since. */
function isStale({ reportOf, reportAgeMsOf, stepMs }: OperationView, region: RegionId): boolean {
  const ageMs = reportAgeMsOf(region);
  return reportOf(region) !== undefined && ageMs !== undefined && ageMs > stepMs;
}

function bestSurvivor(
  view: OperationView,
  target: InstanceReport,
):
  | { readonly region: RegionId; readonly flushedLsn: bigint & { readonly brand: "Lsn" } }
  | undefined {
  const { from, to } = view.operation;
  const own = target.position;
  const ahead = view.record.members
    .filter((region) => region !== from && region !== to)
    .flatMap((region) => {
      const position = view.reportOf(region)?.position;
      return position &&
        own &&
        position.timeline === own.timeline &&
        position.flushedLsn > own.flushedLsn
        ? [{ region, flushedLsn: position.flushedLsn }]
        : [];
    });
  return ahead.toSorted((a, b) => Number(b.flushedLsn - a.flushedLsn))[0];
}

function done(because: string): Decision {
  return { kind: "done", learnt: {}, because };
}
