/** A database with a writer and a secondary as the controller sees it, for tests of what shows it. */
import type { SystemSnapshot } from "../src/database/system-snapshot.ts";
import type { EvidenceSlot } from "../src/model/evidence.ts";
import { firstRecord } from "../src/database/records.ts";
import type { InstanceReport, InstanceState, MeasuredLag } from "../src/model/instance.ts";
import { parseLsn, type Lsn } from "../src/model/lsn.ts";
import type { DatabaseId, Epoch, RegionId, SystemId } from "../src/model/region.ts";

export const east = "us-east-1" as RegionId;
export const west = "us-west-2" as RegionId;
const orders = "orders" as DatabaseId;

export const someLag: MeasuredLag = {
  region: west,
  number: 1,
  isStreaming: true,
  lagBytes: 4_096,
  lagMs: 1_500.4,
  rpoLagMs: 250,
  progressLagMs: 300,
  sentBytes: 1_000,
  slotIsIntact: true,
  walFromLsn: undefined,
  loss: { transactions: 3, bytes: 1_229, isExact: true },
};

const someSlot: EvidenceSlot = {
  database: "orders",
  confirmedLsn: undefined,
  retainedBytes: 16_384,
  isIntact: true,
  isPinned: false,
};

type Shown = {
  readonly state?: InstanceState;
  readonly lags?: readonly MeasuredLag[];
  /** Undefined: its agent has not reported yet. */
  readonly ageMs?: number | undefined;
};

export function anInstance(region: RegionId, shown: Shown = {}): SystemSnapshot["instances"][0] {
  const { state = { kind: "serving" }, lags = [] } = shown;
  const reportAgeMs = "ageMs" in shown ? shown.ageMs : 100;
  const report: InstanceReport = {
    database: orders,
    number: 1,
    role: region === east ? "primary" : "secondary",
    state,
    epoch: 1 as Epoch,
    version: 3,
    lease: region === east ? { leftMs: 2_000, from: "controller" } : undefined,
    systemId: "7000" as SystemId,
    timeline: 1,
    position: {
      timeline: 1,
      flushedLsn: parseLsn("0/16B3748") as Lsn,
      replayedLsn: parseLsn("0/16B3748") as Lsn,
    },
    diskFreeBytes: 50 * 1024 ** 3,
    lags,
    evidenceSlots: region === east ? [someSlot] : [],
    rpoGuard: { kind: "watching" },
    command: undefined,
  };
  return {
    id: { database: orders, region, number: 1 },
    isWriter: region === east,
    report: reportAgeMs === undefined ? undefined : report,
    reportAgeMs,
  };
}

export function aSystem(
  instances: SystemSnapshot["instances"] = [
    anInstance(east, { lags: [someLag] }),
    anInstance(west),
  ],
): SystemSnapshot {
  return {
    system: {
      key: "systems/orders",
      name: orders,
      database: orders,
      kind: "global",
      firstPrimary: east,
      regions: [
        { region: east, instances: 1 },
        { region: west, instances: 1 },
      ],
      roles: [],
      owner: undefined,
      failover: "manual",
      rejoin: "automatic",
      rpoGuardMs: 0,
      failoverPauseMs: 0,
    },
    record: {
      ...firstRecord(east, [east, west], 0),
      systemId: "7000" as SystemId,
      candidates: [west],
    },
    operation: undefined,
    losses: new Map([
      [west, { transactions: 3, bytes: 1_229, ms: 40, isExact: true, sampleAgeMs: 100 }],
    ]),
    leaseLeftMs: 3_500,
    instances,
  };
}
