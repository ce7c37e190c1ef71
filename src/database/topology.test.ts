import { expect, test } from "vitest";
import {
  addresses,
  blankRecord,
  createdRecord,
  database,
  east,
  epoch,
  europe,
  lsn,
  orders,
  west,
} from "../../test/database-fixtures.ts";
import type { Fork } from "../model/fork.ts";
import type { InstanceId, OperationId, RegionId } from "../model/region.ts";
import { systemKey, type SystemRecord } from "./records.ts";
import {
  assignmentOf,
  detachedSystem,
  firstIn,
  instancesOf,
  isWriter,
  placesOf,
  upstreamOf,
  type DatabaseSystem,
} from "./topology.ts";

const system: DatabaseSystem = {
  ...orders,
  rpoGuardMs: 5_000,
  regions: [
    { region: east, instances: 2 },
    { region: west, instances: 3 },
    { region: europe, instances: 1 },
  ],
};
const record = blankRecord();
const all = instancesOf(system, record);
const assignment = (region: RegionId, number: number): ReturnType<typeof assignmentOf> =>
  assignmentOf({ database, region, number }, system, record, addresses);
const slots = (region: RegionId, number: number): string[] =>
  assignment(region, number).slots.map(({ slot }) => slot);

test("there is one writer, whichever Region is the primary", () => {
  for (const primary of [east, west, europe]) {
    const writers = all.filter((id) => isWriter(id, { ...record, primary }));
    expect(writers).toEqual([{ database, region: primary, number: 1 }]);
  }
});

test("every Region is told whose Region writes", () => {
  for (const primary of [east, west, europe]) {
    const told = all.map((id) => assignmentOf(id, system, { ...record, primary }, addresses));
    expect(new Set(told.map(({ writer }) => writer))).toEqual(new Set([primary]));
  }
});

test("each byte crosses a link once: only the first instance of a Region streams from another Region", () => {
  for (const primary of [east, west, europe]) {
    for (const id of all) {
      const upstream = upstreamOf(id, { ...record, primary });
      const elsewhere = id.number === 1 && id.region !== primary;
      const source = elsewhere ? { ...id, region: primary } : { ...id, number: 1 };
      expect(upstream).toEqual(isWriter(id, { ...record, primary }) ? undefined : source);
    }
  }
});

test("following the upstreams leads to the writer from everywhere", () => {
  for (const id of all) {
    let at: InstanceId = id;
    for (let hops = 0; hops < 3; hops++) at = upstreamOf(at, record) ?? at;
    expect(isWriter(at, record)).toBe(true);
  }
});

test("each instance holds a slot for each of those that stream from it, and nobody else does", () => {
  expect(slots(east, 1)).toEqual([
    "leeward_us_east_1_2",
    "leeward_us_west_2_1",
    "leeward_eu_central_1_1",
  ]);
  expect(slots(west, 1)).toEqual(["leeward_us_west_2_2", "leeward_us_west_2_3"]);
  expect(slots(west, 2)).toEqual([]);
  const held = all.flatMap(({ region, number }) => slots(region, number));
  const own = all.flatMap(({ region, number }) => {
    const { upstream } = assignment(region, number);
    return upstream ? [upstream.slot] : [];
  });
  expect(held.toSorted()).toEqual(own.toSorted());
});

test("an upstream is told by the address that the Region of the secondary sees", () => {
  expect(assignment(west, 1)).toMatchObject({
    role: "secondary",
    upstream: { address: { host: "us-west-2>us-east-1", port: 1 } },
  });
  expect(assignment(east, 1)).toMatchObject({ role: "primary", upstream: undefined });
});

test("a local database is a system of its own in each Region, with a writer and no secondary elsewhere", () => {
  const local: DatabaseSystem = {
    ...system,
    key: systemKey(database, west),
    kind: "local",
    firstPrimary: west,
    regions: [{ region: west, instances: 1 }],
  };
  expect(local.key).not.toBe(systemKey(database, east));
  const [only, ...others] = placesOf(local);
  expect(others).toEqual([]);
  expect(only && isWriter(only, { ...record, primary: west })).toBe(true);
});

/** What a Region's first instance is told. */
const told = (region: RegionId, fields: Partial<SystemRecord>): ReturnType<typeof assignmentOf> =>
  assignmentOf(firstIn(system, region), system, createdRecord(fields), addresses);

test("a Region that left has its places, and no instances", () => {
  const members = [east, europe];
  expect(instancesOf(system, { members }).map(({ region }) => region)).toEqual([
    east,
    east,
    europe,
  ]);
  expect(placesOf(system)).toHaveLength(6);
  expect(told(east, { members }).slots.map(({ region }) => region)).toEqual([east, europe]);
});

test("D11: the writer's agent is told to ask every Region that may be promoted, or is about to be one", () => {
  const { failsafe } = told(east, { candidates: [west], asked: [europe, west] });
  expect(failsafe.map(({ region }) => region)).toEqual([west, europe]);
  expect(failsafe[0]?.address.host).toBe("agent:us-east-1>us-west-2");
  expect(told(west, { candidates: [west, europe] }).failsafe).toEqual([]);
  expect(told(east, { candidates: [east, west] }).failsafe).toMatchObject([{ region: west }]);
});

test("O6: nobody follows a writer before it is promoted, and a condemned Region follows nobody", () => {
  const claimed = { primary: west, epoch: epoch(2), isPromoted: false };
  expect(told(europe, claimed).upstream).toBeUndefined();
  expect(told(europe, { ...claimed, isPromoted: true }).upstream).toMatchObject({
    address: { host: "eu-central-1>us-west-2" },
  });
  expect(told(east, { primary: west, condemned: [east] }).upstream).toBeUndefined();
  const second = { ...firstIn(system, west), number: 2 };
  const { upstream } = assignmentOf(second, system, createdRecord(claimed), addresses);
  expect(upstream?.address.host).toBe("us-west-2>us-west-2");
});

test("an assignment carries the record's version, its forks and the operation that holds it", () => {
  const forks: readonly Fork[] = [{ timeline: 2, parent: 1, lsn: lsn(900) }];
  const operation = "switchover-orders-6" as OperationId;
  const fields = { version: 9, epoch: epoch(2), forks: [...forks], operation };
  expect(told(west, fields)).toMatchObject({ version: 9, epoch: 2, forks, operation });
});

test("commits of the writer alone wait for a secondary", () => {
  expect([told(east, {}).rpoGuardMs, told(west, {}).rpoGuardMs]).toEqual([5_000, 0]);
});

test("a Region that was detached is a system of its own on the same instances, and never fails over", () => {
  const alone = detachedSystem({ ...system, failover: "automatic" }, west);
  expect(alone).toMatchObject({ name: "orders-us-west-2", database, failover: "manual" });
  expect(alone.key).not.toBe(system.key);
  expect(placesOf(alone)).toEqual(all.filter(({ region }) => region === west));
});
