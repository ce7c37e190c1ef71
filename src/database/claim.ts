/**
 * What an operation's point of no return does to the records. Pure. One commit makes all of it, together with the
 * operation's own journal entry, or none.
 */
import type { Operation } from "../model/operation.ts";
import type { Epoch, RegionId } from "../model/region.ts";
import { assert, unreachable } from "../std/assert.ts";
import type { BookChange } from "./record-book.ts";
import { firstRecord, type SystemRecord } from "./records.ts";

/** The records of the operation's system, and of the Region that was detached from it, if there is one. */
export type ClaimView = {
  readonly key: string;
  readonly record: SystemRecord;
  readonly detachedKey: string;
  readonly detached: SystemRecord | undefined;
  readonly wallMs: number;
};

export function claim(operation: Operation, view: ClaimView): BookChange["records"] {
  switch (operation.kind) {
    case "switchover":
    case "failover":
      return [change(view, claimEpoch(operation, view))];
    case "detach":
      return detach(operation, view);
    case "add":
      return [change(view, { members: [...view.record.members, operation.to] })];
    case "rejoin":
      return rejoin(operation, view);
    case "remove":
      return leaveDetached(view, without(view.record, operation.to));
    default:
      return unreachable(operation.kind);
  }
}

/** The next version of the record, with some fields changed. */
export function nextVersion(record: SystemRecord, fields: Partial<SystemRecord>): SystemRecord {
  return { ...record, ...fields, version: record.version + 1 };
}

function claimEpoch(
  { kind, from, to }: Operation,
  { record, wallMs }: ClaimView,
): Partial<SystemRecord> {
  assert(record.primary !== to, "nobody is promoted who is the primary already");
  const isForced = kind === "failover";
  return {
    epoch: (record.epoch + 1) as Epoch,
    primary: to,
    sinceWallMs: wallMs,
    asked: [],
    rejoining: except(record.rejoining, from, to),
    isPromoted: false,
    isFencing: false,
    // After a switchover the old writer has everything, and may be the next one at once.
    candidates: isForced
      ? except(record.candidates, from, to)
      : [...except(record.candidates, to), from],
    // After a failover nobody knows what the old writer has that others lack, so it is kept (I5).
    condemned: except(isForced ? [...new Set([...record.condemned, from])] : record.condemned, to),
    lastFailoverWallMs: isForced ? wallMs : record.lastFailoverWallMs,
  };
}

function detach(operation: Operation, view: ClaimView): BookChange["records"] {
  const { record, detachedKey, wallMs } = view;
  const alone: SystemRecord = {
    ...firstRecord(operation.to, [operation.to], wallMs),
    // Not a lower one than its agent has obeyed, and not a higher one either, so that it can rejoin.
    epoch: record.epoch,
    version: record.version + 1,
    systemId: record.systemId,
    forks: record.forks,
    isPromoted: false,
    operation: operation.id,
    detachedFrom: view.key,
  };
  return [
    // What is left to do is the detached system's own affair.
    change(view, { ...without(record, operation.to), operation: undefined }),
    { key: detachedKey, before: undefined, after: alone },
  ];
}

function rejoin(operation: Operation, view: ClaimView): BookChange["records"] {
  const { record } = view;
  return leaveDetached(view, {
    members: [...new Set([...record.members, operation.to])],
    condemned: [...new Set([...record.condemned, operation.to])],
    rejoining: [...new Set([...record.rejoining, operation.to])],
    candidates: except(record.candidates, operation.to),
  });
}

/** A database system of its own that the Region had since it was detached, ends. */
function leaveDetached(view: ClaimView, fields: Partial<SystemRecord>): BookChange["records"] {
  const { key, record, detached, detachedKey } = view;
  if (!detached) return [change(view, fields)];
  // The Region's agent has obeyed the detached system's version, and refuses lower ones.
  const version = Math.max(record.version, detached.version);
  return [
    { key, before: record, after: nextVersion({ ...record, version }, fields) },
    { key: detachedKey, before: detached, after: undefined },
  ];
}

function change(
  { key, record }: ClaimView,
  fields: Partial<SystemRecord>,
): BookChange["records"][number] {
  return { key, before: record, after: nextVersion(record, fields) };
}

function without(record: SystemRecord, region: RegionId): Partial<SystemRecord> {
  return {
    members: except(record.members, region),
    candidates: except(record.candidates, region),
    asked: except(record.asked, region),
    condemned: except(record.condemned, region),
    rejoining: except(record.rejoining, region),
  };
}

function except(regions: readonly RegionId[], ...left: readonly RegionId[]): RegionId[] {
  return regions.filter((region) => !left.includes(region));
}
