import { expect, test } from "vitest";
import type { DatabaseId, Epoch, RegionId, SystemId } from "../model/region.ts";
import type { Route } from "../wire/gateway-protocol.ts";
import { routeChange } from "./route-change.ts";

const route: Route = {
  database: "orders" as DatabaseId,
  systemId: "7001" as SystemId,
  epoch: 1 as Epoch,
  writer: "us-east-1" as RegionId,
  acceptsWrites: true,
  leaseUntilMs: 3_000,
  timeline: 1,
  instances: [],
  forks: [],
  hold: undefined,
};
const hold = { id: "orders-1-1", untilMs: 5_000, drainUntilMs: 2_000, pins: "end" } as const;
const nothing = { isElsewhere: false, leavesFormer: false, isHeld: false };

test("a lease that is longer changes nothing", () => {
  expect(routeChange(route, { ...route, leaseUntilMs: 4_000 })).toEqual(nothing);
});

test("another epoch is another writer, also in the same Region, and so is the first route", () => {
  const moved = { isElsewhere: true, leavesFormer: true };
  expect(routeChange(route, { ...route, epoch: 2 as Epoch })).toMatchObject(moved);
  expect(routeChange(undefined, route)).toMatchObject(moved);
});

test("a hold begins once, and its end leaves what was made ready for a move", () => {
  const held = { ...route, hold };
  expect(routeChange(route, held)).toEqual({ ...nothing, isHeld: true });
  expect(routeChange(held, held)).toEqual(nothing);
  expect(routeChange(held, route)).toEqual({ ...nothing, leavesFormer: true });
});

test("a writer that accepts writes now is not read from as the standby that it was", () => {
  const promoting = { ...route, acceptsWrites: false };
  expect(routeChange(promoting, route)).toEqual({ ...nothing, leavesFormer: true });
});
