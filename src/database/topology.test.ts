import { expect, test } from "vitest";
import type { DatabaseId, Epoch, InstanceId, RegionId } from "../model/region.ts";
import { systemKey, type SystemRecord } from "./records.ts";
import {
  assignmentOf,
  instancesOf,
  isWriter,
  upstreamOf,
  type DatabaseSystem,
} from "./topology.ts";

const [east, west, europe] = ["us-east-1", "us-west-2", "eu-central-1"] as [
  RegionId,
  RegionId,
  RegionId,
];
const database = "orders" as DatabaseId;
const system: DatabaseSystem = {
  key: systemKey(database, undefined),
  database,
  kind: "global",
  firstPrimary: east,
  regions: [
    { region: east, instances: 2 },
    { region: west, instances: 3 },
    { region: europe, instances: 1 },
  ],
  roles: [],
  owner: undefined,
  failover: "manual",
  rejoin: "automatic",
  rpoGuardMs: 0,
  failoverPauseMs: 0,
};
const record: SystemRecord = {
  epoch: 1 as Epoch,
  primary: east,
  sinceWallMs: 0,
  systemId: undefined,
  isCreating: false,
};
/** Says who asks and who is meant, so that an answer shows both. */
const addressOf = (from: RegionId, id: InstanceId): { host: string; port: number } => ({
  host: `${from}>${id.region}`,
  port: id.number,
});
const assignment = (region: RegionId, number: number): ReturnType<typeof assignmentOf> =>
  assignmentOf({ database, region, number }, system, record, addressOf);
const slots = (region: RegionId, number: number): string[] =>
  assignment(region, number).slots.map(({ slot }) => slot);

test("there is one writer, whichever Region is the primary", () => {
  for (const primary of [east, west, europe]) {
    const writers = instancesOf(system).filter((id) => isWriter(id, { ...record, primary }));
    expect(writers).toEqual([{ database, region: primary, number: 1 }]);
  }
});

test("each byte crosses a link once: only the first instance of a Region streams from another Region", () => {
  for (const primary of [east, west, europe]) {
    for (const id of instancesOf(system)) {
      const upstream = upstreamOf(id, { ...record, primary });
      const elsewhere = id.number === 1 && id.region !== primary;
      const source = elsewhere ? { ...id, region: primary } : { ...id, number: 1 };
      expect(upstream).toEqual(isWriter(id, { ...record, primary }) ? undefined : source);
    }
  }
});

test("following the upstreams leads to the writer from everywhere", () => {
  for (const id of instancesOf(system)) {
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
  const held = instancesOf(system).flatMap(({ region, number }) => slots(region, number));
  const own = instancesOf(system).flatMap(({ region, number }) => {
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
  const [only, ...others] = instancesOf(local);
  expect(others).toEqual([]);
  expect(only && isWriter(only, { ...record, primary: west })).toBe(true);
});
