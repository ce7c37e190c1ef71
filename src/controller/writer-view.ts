/** What holds of a global database's writer: its right to write, what keeps it from that, what bounds a loss. Pure. */
import type { ApiDatabase } from "../api/api.ts";
import type { SystemSnapshot } from "../database/system-snapshot.ts";
import type { InstanceReport } from "../model/instance.ts";
import { unreachable } from "../std/assert.ts";

type WriterFacts = Pick<ApiDatabase, "lease" | "fence" | "rpoGuard" | "evidenceSlots">;
type LeaseState = NonNullable<ApiDatabase["lease"]>["state"];

/** `report`: the writer's; undefined when its agent is silent. */
export function writerFacts(
  snapshot: SystemSnapshot,
  report: InstanceReport | undefined,
): WriterFacts {
  const state = leaseState(snapshot);
  return {
    lease: {
      state,
      leftMs: Math.round(snapshot.leaseLeftMs),
      from: report?.lease?.from ?? null,
    },
    fence: fenceView(state, report),
    rpoGuard: rpoGuardView(snapshot.system.rpoGuardMs, report),
    evidenceSlots: report ? evidenceSlotsView(report) : null,
  };
}

export function leaseState({ leaseLeftMs, record }: SystemSnapshot): LeaseState {
  if (leaseLeftMs === 0) return "over";
  return record.isFencing ? "fencing" : "held";
}

function fenceView(lease: LeaseState, report: InstanceReport | undefined): ApiDatabase["fence"] {
  if (report?.state.kind === "fenced") return { state: "fenced", because: report.state.because };
  switch (lease) {
    case "held":
      return { state: "none", because: null };
    case "fencing":
      return { state: "fencing", because: "its lease is not renewed any more" };
    case "over":
      return {
        state: "lease-over",
        because: "it could write only while every candidate promises it",
      };
    default:
      return unreachable(lease);
  }
}

function rpoGuardView(
  limitMs: number,
  report: InstanceReport | undefined,
): ApiDatabase["rpoGuard"] {
  if (limitMs === 0) return { state: "off", limitMs, because: null };
  if (!report) return { state: "unknown", limitMs, because: "the writer's agent does not report" };
  const { rpoGuard } = report;
  const because = "because" in rpoGuard ? rpoGuard.because : null;
  return { state: rpoGuard.kind, limitMs, because };
}

function evidenceSlotsView({ evidenceSlots }: InstanceReport): ApiDatabase["evidenceSlots"] {
  return {
    slots: evidenceSlots.length,
    retainedBytes: evidenceSlots.reduce((sum, { retainedBytes }) => sum + retainedBytes, 0),
    isIntact: evidenceSlots.every(({ isIntact }) => isIntact),
    isPinned: evidenceSlots.some(({ isPinned }) => isPinned),
  };
}
