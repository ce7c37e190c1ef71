import fc from "fast-check";
import { expect, test } from "vitest";
import {
  createdRecord,
  east,
  epoch,
  europe,
  lsn,
  operationOf,
  orders,
  ours,
  west,
} from "../../test/database-fixtures.ts";
import type { OperationKind } from "../model/operation.ts";
import type { OperationId } from "../model/region.ts";
import { claim, nextVersion, type ClaimView } from "./claim.ts";
import type { SystemRecord } from "./records.ts";
import { detachedSystem } from "./topology.ts";

const detachedKey = detachedSystem(orders, west).key;
const held = createdRecord({ operation: "switchover-orders-6" as OperationId });

function view(record: SystemRecord, detached?: SystemRecord): ClaimView {
  return { key: orders.key, record, detachedKey, detached, wallMs: 77 };
}

/** The system's own record after the claim. */
function after(kind: OperationKind, record = held, detached?: SystemRecord): SystemRecord {
  const changed = claim(operationOf(kind), view(record, detached));
  const own = changed.find(({ key }) => key === orders.key)?.after;
  if (!own) throw new Error("the claim left no record");
  return own;
}

test("D10: every change of a record is one version", () => {
  expect(nextVersion(held, {}).version).toBe(held.version + 1);
  expect(nextVersion(held, { version: 99, isFencing: true })).toMatchObject({
    version: held.version + 1,
    isFencing: true,
  });
});

test("I1: the claim of a switchover moves the primary and the epoch together, by one", () => {
  expect(after("switchover")).toEqual({
    ...held,
    version: 6,
    epoch: 2,
    primary: west,
    sinceWallMs: 77,
    isPromoted: false,
    candidates: [europe, east],
  });
});

test("after a switchover the old writer has everything, and may be the next one", () => {
  expect(after("switchover")).toMatchObject({ condemned: [], lastFailoverWallMs: undefined });
});

test("D12: the claim of a failover condemns the old writer, which is no candidate any more", () => {
  const record = { ...held, isFencing: true, asked: [europe], candidates: [west, east, europe] };
  expect(after("failover", record)).toMatchObject({
    epoch: 2,
    primary: west,
    candidates: [europe],
    asked: [],
    condemned: [east],
    isFencing: false,
    isPromoted: false,
    lastFailoverWallMs: 77,
  });
  const twice = { ...held, condemned: [east, europe] };
  expect(after("failover", twice).condemned).toEqual([east, europe]);
});

test("I1: whoever is the primary already is not promoted", () => {
  const operation = operationOf("switchover", { to: east });
  expect(() => claim(operation, view(held))).toThrow("primary already");
});

test("a Region that is detached takes the history with it, and an epoch that lets it come back", () => {
  const forks = [{ timeline: 2, parent: 1, lsn: lsn(9) }];
  const record = { ...held, epoch: epoch(4), forks };
  const [left, alone, ...others] = claim(operationOf("detach"), view(record));
  expect(others).toEqual([]);
  expect(left?.after).toMatchObject({ members: [east, europe], candidates: [europe], epoch: 4 });
  expect(alone).toMatchObject({ key: detachedKey, before: undefined });
  expect(alone?.after).toMatchObject({
    version: held.version + 1,
    epoch: 4,
    primary: west,
    members: [west],
    candidates: [],
    systemId: ours,
    forks,
    isPromoted: false,
    operation: "detach-orders-6",
    detachedFrom: orders.key,
  });
});

test("a Region that leaves is left out of every list of the record", () => {
  const everywhere = { ...held, asked: [west], condemned: [west, europe] };
  for (const kind of ["detach", "remove"] as const) {
    expect(after(kind, everywhere)).toMatchObject({
      members: [east, europe],
      candidates: [europe],
      asked: [],
      condemned: [europe],
    });
  }
});

test("a Region that is added is a member, and no candidate before it has streamed", () => {
  const without = { ...held, members: [east, europe], candidates: [europe] };
  expect(after("add", without)).toMatchObject({
    members: [east, europe, west],
    candidates: [europe],
  });
});

test("D12: a Region that rejoins is condemned first, once, and is no candidate", () => {
  expect(after("rejoin")).toMatchObject({
    members: [east, west, europe],
    condemned: [west],
    candidates: [europe],
  });
  expect(after("rejoin", { ...held, condemned: [west] }).condemned).toEqual([west]);
});

test("D10: when a system that stood alone ends, its Region gets a version above the one it obeyed", () => {
  const alone = createdRecord({ version: 40, primary: west, members: [west] });
  for (const kind of ["rejoin", "remove"] as const) {
    const changed = claim(operationOf(kind), view(held, alone));
    expect(changed).toHaveLength(2);
    expect(changed[0]).toMatchObject({ before: held, after: { version: 41 } });
    expect(changed[1]).toEqual({ key: detachedKey, before: alone, after: undefined });
  }
});

const anyKind = fc.constantFrom<OperationKind[]>(
  "switchover",
  "failover",
  "detach",
  "add",
  "rejoin",
  "remove",
);
const anyRecord = fc
  .record({
    version: fc.nat(100),
    epoch: fc.nat(100).map(epoch),
    candidates: fc.subarray([west, europe]),
    condemned: fc.subarray([west, europe]),
    asked: fc.subarray([west, europe]),
  })
  .map(createdRecord);

test("D10: whatever is claimed, no version and no epoch goes down, and none stays", () => {
  const anyDetached = fc.option(anyRecord, { nil: undefined });
  fc.assert(
    fc.property(anyKind, anyRecord, anyDetached, (kind, record, detached) => {
      const isPossible = kind === "rejoin" || kind === "remove" || detached === undefined;
      fc.pre(isPossible);
      const own = after(kind, record, detached);
      expect(own.epoch).toBeGreaterThanOrEqual(record.epoch);
      const changed = claim(operationOf(kind), view(record, detached));
      // A Region whose own system ended is told what the other one's record says.
      for (const { before = record, after: left = own } of changed) {
        expect(left.version).toBeGreaterThan(before.version);
      }
    }),
  );
});

test("I1: whatever is claimed, the primary changes only together with the epoch", () => {
  fc.assert(
    fc.property(anyKind, anyRecord, (kind, record) => {
      const left = after(kind, record);
      const isClaimed = kind === "switchover" || kind === "failover";
      expect(left.primary === west).toBe(isClaimed);
      expect(left.epoch - record.epoch).toBe(isClaimed ? 1 : 0);
      expect(left.systemId).toBe(record.systemId);
    }),
  );
});
