import { expect, test } from "vitest";
import type { DatabaseId, Epoch, RegionId, SystemId } from "../model/region.ts";
import type { Route } from "../wire/gateway-protocol.ts";
import {
  nowhere,
  peerTarget,
  stillServes,
  targetOf,
  targetsOf,
  writerTarget,
  type Target,
} from "./target.ts";

const [east, west] = ["us-east-1" as RegionId, "us-west-2" as RegionId];
const peer = { region: west, address: { host: "127.0.1.102", port: 6432 } };
const place = { region: east, peers: [peer] };
const instances = [1, 2, 3].map((number) => ({
  number,
  address: { host: `127.0.1.${10 + number}`, port: 5432 },
  isServing: true,
}));
const here: Route = {
  database: "orders" as DatabaseId,
  systemId: "7001" as SystemId,
  epoch: 3 as Epoch,
  writer: east,
  acceptsWrites: true,
  leaseUntilMs: 3_000,
  timeline: 1,
  instances,
  forks: [],
  hold: undefined,
};
const there: Route = { ...here, writer: west };
const local: Target = targetOf("local", targetsOf(there, place), 0);
const hold = { id: "orders-1-1", untilMs: 5_000, drainUntilMs: 2_000, pins: "end" } as const;

test("the writer here is the first instance, under its epoch", () => {
  const first = { address: instances[0]?.address, isPeer: false, isWriter: true };
  expect(writerTarget(here, place)).toEqual({ key: "writer (epoch 3)", ...first });
  expect(writerTarget({ ...here, epoch: 4 as Epoch }, place)?.key).toBe("writer (epoch 4)");
});

test("a writer elsewhere is reached through its Region's gateway, whatever its epoch", () => {
  expect(targetOf("writer", targetsOf(there, place), 7)).toEqual(peerTarget(peer));
  expect(writerTarget({ ...there, epoch: 9 as Epoch }, place)).toEqual(peerTarget(peer));
});

test("a session comes to the same instance each time, and to one that answers", () => {
  const keys = (route: Route): readonly string[] =>
    [0, 1, 2, 3, 4].map((session) => targetOf("local", targetsOf(route, place), session).key);
  expect(keys(there)).toEqual([1, 2, 3, 1, 2].map((number) => `instance ${number}`));
  const oneDown = instances.map((one) => ({ ...one, isServing: one.number !== 2 }));
  expect(keys({ ...there, instances: oneDown })).toEqual(
    [1, 3, 1, 3, 1].map((number) => `instance ${number}`),
  );
});

test("while no instance answers, it is the first that is waited for", () => {
  const down = instances.map((one) => ({ ...one, isServing: false }));
  expect(targetOf("local", targetsOf({ ...there, instances: down }, place), 2).key).toBe(
    "instance 1",
  );
});

test("a writer that cannot be reached from here is looked for at an instance here", () => {
  const unknown: Route = { ...there, writer: "eu-west-1" as RegionId };
  expect(writerTarget(unknown, place)).toBeUndefined();
  expect(targetOf("writer", targetsOf(unknown, place), 0).key).toBe("instance 1");
});

test("without a route, everything leads nowhere", () => {
  expect(targetOf("writer", targetsOf(undefined, place), 0)).toBe(nowhere);
  expect(targetOf("local", targetsOf(undefined, place), 0)).toBe(nowhere);
});

test("connections to a writer serve as long as it is the writer, in the same epoch", () => {
  const writer = targetOf("writer", targetsOf(here, place), 0);
  expect(stillServes(writer, here, place)).toBe(true);
  expect(stillServes(writer, { ...here, epoch: 4 as Epoch }, place)).toBe(false);
  expect(stillServes(writer, there, place)).toBe(false);
});

test("connections to a peer that were made ready for a move serve until the hold is over", () => {
  expect(stillServes(peerTarget(peer), { ...here, hold }, place)).toBe(true);
  expect(stillServes(peerTarget(peer), here, place)).toBe(false);
  expect(stillServes(peerTarget(peer), there, place)).toBe(true);
});

test("connections to a standby serve until it is a writer that accepts writes", () => {
  expect(stillServes(local, there, place)).toBe(true);
  expect(stillServes(local, { ...here, acceptsWrites: false }, place)).toBe(true);
  expect(stillServes(local, here, place)).toBe(false);
});
