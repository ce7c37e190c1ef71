/** A database system of three Regions for tests: each helper makes a whole value, and a test names what it is about. */
import type { InstanceReport, MeasuredLag, Position } from "../src/model/instance.ts";
import type { Lsn } from "../src/model/lsn.ts";
import type { Operation, OperationKind, OperationRequest } from "../src/model/operation.ts";
import type { DatabaseId, Epoch, OperationId, RegionId, SystemId } from "../src/model/region.ts";
import { firstRecord, systemKey, type SystemRecord } from "../src/database/records.ts";
import type { RegionFacts } from "../src/database/reports.ts";
import type { Addresses, DatabaseSystem } from "../src/database/topology.ts";

export const east = "us-east-1" as RegionId;
export const west = "us-west-2" as RegionId;
export const europe = "eu-central-1" as RegionId;
export const database = "orders" as DatabaseId;
export const ours = "7001" as SystemId;
export const theirs = "7002" as SystemId;

/** Lets a brand in where a test has a plain number. */
export const epoch = (value: number): Epoch => value as Epoch;
export const lsn = (value: number): Lsn => BigInt(value) as Lsn;

export const orders: DatabaseSystem = {
  key: systemKey(database, undefined),
  name: database,
  database,
  kind: "global",
  firstPrimary: east,
  regions: [east, west, europe].map((region) => ({ region, instances: 1 })),
  roles: [],
  owner: undefined,
  failover: "manual",
  rejoin: "automatic",
  rpoGuardMs: 0,
  failoverPauseMs: 0,
};

/** Says who asks and who is meant, so that an answer shows both. */
export const addresses: Addresses = {
  addressOf: (from, { region, number }) => ({ host: `${from}>${region}`, port: number }),
  agentAddressOf: (from, to) => ({ host: `agent:${from}>${to}`, port: 1 }),
};

/** Never created. */
export function blankRecord(fields: Partial<SystemRecord> = {}): SystemRecord {
  return { ...firstRecord(east, [east, west, europe], 0), ...fields };
}

/** Created, with both secondary Regions as candidates. */
export function createdRecord(fields: Partial<SystemRecord> = {}): SystemRecord {
  return blankRecord({ version: 5, systemId: ours, candidates: [west, europe], ...fields });
}

/** There is no data directory. */
export function emptyReport(fields: Partial<InstanceReport> = {}): InstanceReport {
  return {
    database,
    number: 1,
    role: undefined,
    state: { kind: "absent" },
    epoch: undefined,
    version: 0,
    lease: undefined,
    systemId: undefined,
    timeline: undefined,
    position: undefined,
    diskFreeBytes: undefined,
    lags: [],
    evidenceSlots: [],
    rpoGuard: { kind: "off" },
    command: undefined,
    ...fields,
  };
}

/** A secondary that streams in epoch 1. */
export function secondaryReport(fields: Partial<InstanceReport> = {}): InstanceReport {
  return emptyReport({
    role: "secondary",
    state: { kind: "serving" },
    epoch: epoch(1),
    version: 5,
    systemId: ours,
    timeline: 1,
    position: position(1, 1_000),
    diskFreeBytes: 50 * 1024 ** 3,
    ...fields,
  });
}

/** The writer of epoch 1, which measured both others. */
export function writerReport(fields: Partial<InstanceReport> = {}): InstanceReport {
  return secondaryReport({
    role: "primary",
    lease: { leftMs: 4_000, from: "controller" },
    lags: [lagOf(west), lagOf(europe)],
    ...fields,
  });
}

export function position(timeline: number, at: number): Position {
  return { timeline, flushedLsn: lsn(at), replayedLsn: lsn(at) };
}

/** No lag at all. */
export function lagOf(region: RegionId, fields: Partial<MeasuredLag> = {}): MeasuredLag {
  return {
    region,
    number: 1,
    isStreaming: true,
    lagBytes: 0,
    lagMs: 0,
    rpoLagMs: 0,
    progressLagMs: 0,
    sentBytes: 0,
    slotIsIntact: true,
    walFromLsn: lsn(0),
    loss: { transactions: 0, bytes: 0, isExact: true },
    ...fields,
  };
}

/** What an agent with one instance says. */
export function factsOf(report: InstanceReport, peers: RegionFacts["peers"] = []): RegionFacts {
  return { instances: [report], evidence: [], peers, gateway: undefined };
}

/** From `east` to `west`, before the claim. */
export function operationOf(kind: OperationKind, fields: Partial<Operation> = {}): Operation {
  return {
    id: `${kind}-orders-6` as OperationId,
    system: orders.key,
    database,
    kind,
    from: east,
    to: west,
    requestedBy: "person",
    epoch: epoch(1),
    startedWallMs: 0,
    phase: "before-claim",
    step: "claim",
    steps: [],
    outcome: "running",
    because: "",
    isCancelled: false,
    overrideFence: undefined,
    pins: "refuse",
    estimatedLoss: undefined,
    token: undefined,
    fork: undefined,
    writePauseMs: undefined,
    ...fields,
  };
}

/** What a person asks for; a failover with the leave to lose data. */
export function requestOf(
  kind: OperationKind,
  to: RegionId,
  fields: Partial<OperationRequest> = {},
): OperationRequest {
  return {
    kind,
    database,
    to,
    requestedBy: "person",
    allowDataLoss: kind === "failover",
    expectPrimary: undefined,
    overrideFence: undefined,
    pins: "refuse",
    ...fields,
  };
}
