import { expect, test } from "vitest";
import type { Assignment } from "../model/assignment.ts";
import type { Lsn } from "../model/lsn.ts";
import type { DatabaseId, Epoch, RegionId, SystemId } from "../model/region.ts";
import type { SlotLag } from "./measured-lags.ts";
import { neededFrom } from "./writer-watch.ts";

const [west, north] = ["us-west-2", "eu-north-1"] as [RegionId, RegionId];
const lsn = (position: number): Lsn => BigInt(position) as Lsn;
const own = lsn(1_000);
const assignment: Assignment = {
  database: "orders" as DatabaseId,
  number: 1,
  epoch: 1 as Epoch,
  version: 1,
  systemId: "7001" as SystemId,
  role: "primary",
  writer: "us-east-1" as RegionId,
  upstream: undefined,
  slots: [west, north].map((region) => ({ slot: region, region, number: 1 })),
  forks: [],
  operation: undefined,
  failsafe: [{ region: west, address: { host: "127.0.0.1", port: 1 } }],
  rpoGuardMs: 0,
  isPromoted: true,
};
const lag = (region: RegionId, flushed: number | undefined, isStreaming: boolean): SlotLag => ({
  slot: region,
  region,
  number: 1,
  isStreaming,
  flushedLsn: flushed === undefined ? undefined : lsn(flushed),
  lagBytes: 0,
  lagMs: 0,
  rpoLagMs: 0,
  progressLagMs: 0,
  sentBytes: 0,
  slotIsIntact: true,
  walFromLsn: undefined,
  loss: undefined,
});

test("A24: evidence is kept from what the slowest of those has who stream, or could be promoted", () => {
  const away = lag(west, 500, false);
  expect(neededFrom(assignment, [away, lag(north, 900, true)], own)).toBe(500n);
  expect(neededFrom(assignment, [lag(west, 800, true), lag(north, 300, true)], own)).toBe(300n);
  // Nobody promotes it, and it does not stream: it is cloned anew, or catches up by its slot.
  expect(neededFrom(assignment, [lag(west, 800, true), lag(north, 300, false)], own)).toBe(800n);
});

test("A24: nothing is let go of while somebody could be promoted whose position nobody knows", () => {
  expect(neededFrom(assignment, [lag(west, undefined, false)], own)).toBeUndefined();
  expect(neededFrom({ ...assignment, slots: [] }, [], own)).toBeUndefined();
});

test("A24: a writer that nobody could follow keeps nothing for them", () => {
  const alone = { ...assignment, slots: [], failsafe: [] };
  expect(neededFrom(alone, [], own)).toBe(own);
});
