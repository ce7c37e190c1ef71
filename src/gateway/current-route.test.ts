import { expect, test } from "vitest";
import { SimClock } from "../../sim/clock.ts";
import type { DatabaseId, Epoch, RegionId, SystemId } from "../model/region.ts";
import type { Route } from "../wire/gateway-protocol.ts";
import { CurrentRoute } from "./current-route.ts";
import { peerTarget } from "./target.ts";

const [east, west] = ["us-east-1" as RegionId, "us-west-2" as RegionId];
const peer = { region: west, address: { host: "127.0.1.102", port: 6432 } };
const clock = new SimClock();
const instance = { number: 1, address: { host: "127.0.1.11", port: 5432 }, isServing: true };

const route = (change: Partial<Route> = {}): Route => ({
  database: "orders" as DatabaseId,
  systemId: "7001" as SystemId,
  epoch: 3 as Epoch,
  writer: east,
  acceptsWrites: true,
  leaseUntilMs: clock.monotonicMs() + 3_000,
  timeline: 1,
  instances: [instance],
  forks: [],
  hold: undefined,
  ...change,
});

const following = (change: Partial<Route> = {}): CurrentRoute => {
  const current = new CurrentRoute({ region: east, peers: [peer] }, clock);
  current.follow(route(change));
  return current;
};

test("before the agent has said anything, nothing is here", () => {
  const current = new CurrentRoute({ region: east, peers: [peer] }, clock);
  expect(current.writer).toBeUndefined();
  expect([current.isWriterHere, current.mayWriteHere, current.hasLocal]).not.toContain(true);
});

test("a writer whose lease is over lets nobody in, and nothing of it is passed on", () => {
  const over = { leaseUntilMs: clock.monotonicMs() };
  const [current, late] = [following(), following(over)];
  const { writer } = current;
  expect(writer && current.mayPassOn(writer)).toBe(true);
  expect(current.whyClosed).toBeUndefined();
  expect(writer && late.mayPassOn(writer)).toBe(false);
  expect(late.whyClosed).toBe("the writer here has no lease now");
});

test("what a writer here acknowledges counts under the lease that it was opened for alone", () => {
  const current = following();
  const { writer } = current;
  current.follow(route({ epoch: 4 as Epoch }));
  expect(writer && current.mayPassOn(writer)).toBe(false);
});

test("what a peer or a standby answers is passed on without a lease", () => {
  const current = following({ writer: west, leaseUntilMs: 0 });
  expect(current.mayPassOn(peerTarget(peer))).toBe(true);
  const standby = { key: "instance 1", ...instance, isPeer: false, isWriter: false };
  expect(current.mayPassOn(standby)).toBe(true);
});

test("a writer that is still promoted lets nobody in", () => {
  const current = following({ acceptsWrites: false });
  expect(current.isWriterHere).toBe(true);
  expect(current.whyClosed).toBe("the writer here accepts no writes yet");
});
