/** What holds of a global database's writer: its right to write, what keeps it from writing, what bounds a loss. Pure. */
import type { ApiDatabase } from "../api/api.ts";
import type { InstanceReport } from "../model/instance.ts";
import type { ShownLease, ShownSystem } from "./world-databases.ts";

type WriterFacts = Pick<ApiDatabase, "lease" | "fence" | "rpoGuard" | "evidenceSlots">;

/** `report`: the writer's, undefined when its agent is silent. */
export function writerFacts(
  { lease, system }: ShownSystem,
  report: InstanceReport | undefined,
): WriterFacts {
  const { state, leftMs, from } = lease;
  return {
    lease: {
      state,
      leftMs: leftMs === undefined ? null : Math.round(leftMs),
      from: from ?? null,
    },
    fence: fenceView(lease, report),
    rpoGuard: rpoGuardView(system.rpoGuardMs, report),
    evidenceSlots: report ? evidenceSlotsView(report) : null,
  };
}

function fenceView(lease: ShownLease, report: InstanceReport | undefined): ApiDatabase["fence"] {
  if (report?.state.kind === "fenced") return { state: "fenced", because: report.state.because };
  if (lease.state === "over") return { state: "fenced", because: "its lease is over" };
  if (lease.state === "held") return { state: "none", because: null };
  return { state: "fencing", because: "its lease is not renewed any more" };
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
