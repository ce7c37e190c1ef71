import { expect, test } from "vitest";
import { assignmentOf, firstIn } from "./topology.ts";
import {
  addresses,
  createdRecord,
  east,
  epoch,
  orders,
  west,
} from "../../test/database-fixtures.ts";
import type { Assignment } from "../model/assignment.ts";
import type { RegionId } from "../model/region.ts";
import type { Lease } from "./leases.ts";
import { routeOf, type RouteView } from "./route.ts";

const record = createdRecord();
const assigned = (region: RegionId, fields: Partial<Assignment> = {}): Assignment => ({
  ...assignmentOf(firstIn(orders, region), orders, record, addresses),
  ...fields,
});
const lease: Lease = { epoch: record.epoch, untilMs: 9_000, ttlMs: 3_000, from: "controller" };
const view = (fields: Partial<RouteView> = {}): RouteView => ({
  assignment: assigned(east),
  instances: [],
  timeline: 1,
  lease,
  isFenced: false,
  writesAreOpen: true,
  ...fields,
});

test("every Region's gateway is told whose Region writes, and under which epoch", () => {
  for (const region of [east, west]) {
    const route = routeOf(view({ assignment: assigned(region) }));
    expect(route).toMatchObject({ writer: east, epoch: record.epoch, systemId: record.systemId });
  }
});

test("before it is known who writes, there is no route", () => {
  expect(routeOf(view({ assignment: undefined }))).toBeUndefined();
  expect(routeOf(view({ assignment: assigned(west, { writer: undefined }) }))).toBeUndefined();
});

test("I2: what a writer here acknowledges counts until its own lease ends, and a secondary has none", () => {
  expect(routeOf(view())?.leaseUntilMs).toBe(9_000);
  expect(routeOf(view({ assignment: assigned(west) }))?.leaseUntilMs).toBe(0);
  expect(routeOf(view({ lease: undefined }))?.leaseUntilMs).toBe(0);
});

test("I1: the lease of another epoch counts for nothing", () => {
  const after = assigned(east, { epoch: epoch(record.epoch + 1) });
  expect(routeOf(view({ assignment: after }))?.leaseUntilMs).toBe(0);
});

test("I2: a writer that is being killed counts for nothing from then on", () => {
  expect(routeOf(view({ isFenced: true }))?.leaseUntilMs).toBe(0);
});

test("a writer here accepts writes while they are let in: not before its promotion, nor when it has started again", () => {
  const acceptsWrites = (writesAreOpen: boolean, isPromoted: boolean): boolean | undefined =>
    routeOf(view({ assignment: assigned(east, { isPromoted }), writesAreOpen }))?.acceptsWrites;
  expect(acceptsWrites(false, false)).toBe(false);
  expect(acceptsWrites(true, false)).toBe(true);
  expect(acceptsWrites(false, true)).toBe(false);
});

test("a writer elsewhere accepts writes once it is recorded that it was promoted", () => {
  for (const isPromoted of [false, true]) {
    const there = view({ assignment: assigned(west, { isPromoted }), writesAreOpen: false });
    expect(routeOf(there)?.acceptsWrites).toBe(isPromoted);
  }
});
