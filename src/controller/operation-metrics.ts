/** Metrics of who may write, what a failover would lose now, and what operations did. */
import type { SystemSnapshot } from "../database/system-snapshot.ts";
import type { EvidenceSlot } from "../model/evidence.ts";
import type { InstanceReport } from "../model/instance.ts";
import type { EstimatedLoss, Operation } from "../model/operation.ts";
import { gauge, memberLabels, type Metric, type MetricSources, type Sample } from "./metric.ts";
import { currentReport, writerOf } from "./status-view.ts";
import { leaseState, writerFacts } from "./writer-view.ts";

export const operationMetrics: readonly Metric[] = [
  loss(
    "leeward_database_estimated_loss_transactions",
    "Commits that a failover to this Region would lose now.",
    ({ transactions }) => transactions,
  ),
  loss(
    "leeward_database_estimated_loss_bytes",
    "WAL of the commits that a failover to this Region would lose now.",
    ({ bytes }) => bytes,
  ),
  loss(
    "leeward_database_estimated_loss_seconds",
    "Age of the oldest commit that a failover to this Region would lose now.",
    ({ ms }) => ms / 1000,
  ),
  gauge(
    "leeward_database_lease_left_seconds",
    "How long anybody may hold the writer's lease yet, at the most.",
    ["database"],
    (from) =>
      globalSystems(from).map(({ system, leaseLeftMs }) => ({
        labels: { database: system.name },
        value: leaseLeftMs / 1000,
      })),
  ),
  gauge(
    "leeward_database_lease_state",
    "1 for the state that the writer's lease is in.",
    ["database", "state"],
    (from) =>
      globalSystems(from).map((snapshot) => ({
        labels: { database: snapshot.system.name, state: leaseState(snapshot) },
        value: 1,
      })),
  ),
  gauge(
    "leeward_database_candidates",
    "Regions that a failover may promote now; 0: the loss of one Region stops the database.",
    ["database"],
    (from) =>
      globalSystems(from).map(({ system, record }) => ({
        labels: { database: system.name },
        value: record.candidates.length,
      })),
  ),
  gauge(
    "leeward_database_rpo_guard_state",
    "1 for the state that the RPO guard is in.",
    ["database", "state"],
    (from) =>
      globalSystems(from).map((snapshot) => ({
        labels: {
          database: snapshot.system.name,
          state: writerFacts(snapshot, writerReport(snapshot)).rpoGuard?.state ?? "unknown",
        },
        value: 1,
      })),
  ),
  slots(
    "leeward_database_evidence_slot_retained_bytes",
    "WAL that an evidence slot keeps.",
    ({ retainedBytes }) => retainedBytes,
  ),
  slots(
    "leeward_database_evidence_slot_intact",
    "0: WAL that the slot needs was removed; the rows of lost commits could not be read.",
    ({ isIntact }) => (isIntact ? 1 : 0),
  ),
  slots(
    "leeward_database_evidence_slot_pinned",
    "1: a transaction has been open for so long that the slot cannot be advanced.",
    ({ isPinned }) => (isPinned ? 1 : 0),
  ),
  gauge(
    "leeward_operations",
    "Operations in the journal.",
    ["database", "kind", "outcome"],
    (from) => countOperations(from.operations()),
  ),
  gauge(
    "leeward_database_write_pause_seconds",
    "How long nobody could write during the last operation of this kind that measured it.",
    ["database", "kind"],
    (from) => lastPauses(from.operations()),
  ),
  gauge("leeward_snapshots", "Evidence kept of former primaries.", memberLabels, (from) =>
    sumEvidence(from, () => 1),
  ),
  gauge("leeward_snapshots_bytes", "Disk that this evidence takes.", memberLabels, (from) =>
    sumEvidence(from, (bytes) => bytes),
  ),
];

function globalSystems(from: MetricSources): readonly SystemSnapshot[] {
  return from.systems().filter(({ system }) => system.kind === "global");
}

function writerReport(snapshot: SystemSnapshot): InstanceReport | undefined {
  const writer = writerOf(snapshot);
  return writer && currentReport(writer);
}

function loss(name: string, help: string, read: (loss: EstimatedLoss) => number): Metric {
  return gauge(name, help, memberLabels, (from) =>
    globalSystems(from).flatMap(({ system, losses }) =>
      [...losses].map(([region, one]) => ({
        labels: { database: system.name, region },
        value: read(one),
      })),
    ),
  );
}

function slots(name: string, help: string, read: (slot: EvidenceSlot) => number): Metric {
  return gauge(name, help, ["database", "sql_database"], (from) =>
    globalSystems(from).flatMap((snapshot) =>
      (writerReport(snapshot)?.evidenceSlots ?? []).map((slot) => ({
        labels: { database: snapshot.system.name, sql_database: slot.database },
        value: read(slot),
      })),
    ),
  );
}

function countOperations(operations: readonly Operation[]): readonly Sample[] {
  const counts = new Map<string, Sample>();
  for (const { database, kind, outcome } of operations) {
    const key = `${database} ${kind} ${outcome}`;
    const value = (counts.get(key)?.value ?? 0) + 1;
    counts.set(key, { labels: { database, kind, outcome }, value });
  }
  return [...counts.values()];
}

function lastPauses(newestFirst: readonly Operation[]): readonly Sample[] {
  const last = new Map<string, Sample>();
  for (const { database, kind, writePauseMs } of newestFirst.toReversed()) {
    if (writePauseMs === undefined) continue;
    last.set(`${database} ${kind}`, { labels: { database, kind }, value: writePauseMs / 1000 });
  }
  return [...last.values()];
}

function sumEvidence(from: MetricSources, read: (bytes: number) => number): readonly Sample[] {
  const sums = new Map<string, Sample>();
  for (const { item, region } of from.evidence()) {
    const key = `${item.database} ${region}`;
    const value = (sums.get(key)?.value ?? 0) + read(item.bytes);
    sums.set(key, { labels: { database: item.database, region }, value });
  }
  return [...sums.values()];
}
