/** One database system with all that is known of it now, for those who show it. */
import type { InstanceReport } from "../model/instance.ts";
import type { EstimatedLoss, Operation } from "../model/operation.ts";
import type { InstanceId, OperationId, RegionId } from "../model/region.ts";
import type { LeaseBook } from "./lease-book.ts";
import type { Operations } from "./operations.ts";
import type { RecordBook } from "./record-book.ts";
import type { SystemRecord } from "./records.ts";
import type { Reports } from "./reports.ts";
import { instancesOf, isWriter, type DatabaseSystem } from "./topology.ts";

export type SystemSnapshot = {
  readonly system: DatabaseSystem;
  readonly record: SystemRecord;
  /** The one that holds it now. */
  readonly operation: Operation | undefined;
  /** What a failover to each other member would lose now; a Region is left out while that is not known. */
  readonly losses: ReadonlyMap<RegionId, EstimatedLoss>;
  /** Until nobody can hold the writer's lease any more, in ms, as the controller knows it. */
  readonly leaseLeftMs: number;
  readonly instances: readonly {
    readonly id: InstanceId;
    readonly isWriter: boolean;
    readonly report: InstanceReport | undefined;
    readonly reportAgeMs: number | undefined;
  }[];
};

export type SnapshotDoors = {
  readonly records: RecordBook;
  readonly reports: Reports;
  readonly leases: LeaseBook;
  readonly operations: Operations;
  readonly operation: (id: OperationId) => Operation | undefined;
};

export function snapshotOf(system: DatabaseSystem, doors: SnapshotDoors): SystemSnapshot {
  const record = doors.records.get(system.key);
  const others = record.members.filter((region) => region !== record.primary);
  return {
    system,
    record,
    operation: record.operation && doors.operation(record.operation),
    losses: new Map(
      others.flatMap((region) => {
        const loss = doors.operations.lossOf(system, region);
        return loss ? [[region, loss] as const] : [];
      }),
    ),
    leaseLeftMs: doors.leases.leftMs(system.key),
    instances: instancesOf(system, record).map((id) => {
      const last = doors.reports.last(id);
      return { id, isWriter: isWriter(id, record), report: last?.report, reportAgeMs: last?.ageMs };
    }),
  };
}
