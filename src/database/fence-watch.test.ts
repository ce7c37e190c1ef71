import { beforeEach, expect, test } from "vitest";
import { SimClock } from "../../sim/clock.ts";
import { RecordingLog } from "../../sim/log.ts";
import type { Assignment } from "../model/assignment.ts";
import type { DatabaseId, Epoch, RegionId, SystemId } from "../model/region.ts";
import { FenceWatch } from "./fence-watch.ts";
import { Leases } from "./leases.ts";

const database = "orders" as DatabaseId;
const epoch = 3 as Epoch;
const primary: Assignment = {
  database,
  number: 1,
  epoch,
  version: 7,
  systemId: "7001" as SystemId,
  role: "primary",
  writer: "us-east-1" as RegionId,
  upstream: undefined,
  slots: [],
  forks: [],
  operation: undefined,
  failsafe: [],
  rpoGuardMs: 0,
  isPromoted: true,
};

class Bench {
  readonly clock = new SimClock();
  readonly leases = new Leases({
    clock: this.clock,
    log: new RecordingLog(),
    board: { read: () => [], write: () => undefined },
    epochOf: () => epoch,
    changed: () => undefined,
  });
  assignment: Assignment | undefined = primary;
  runs = true;
  readonly fencedAtMs: number[] = [];
  fence = async (): Promise<void> => {
    this.runs = false;
  };
  readonly watch = new FenceWatch({
    clock: this.clock,
    leases: this.leases,
    writers: () =>
      this.runs
        ? [
            {
              database,
              assignment: this.assignment,
              fence: () => {
                this.fencedAtMs.push(this.clock.monotonicMs());
                return this.fence();
              },
            },
          ]
        : [],
  });
  readonly end = new AbortController();

  start(): void {
    void this.watch.run(this.end.signal);
  }

  grant(atMs: number): void {
    this.leases.take([{ database, epoch, ttlMs: 3_000 }], atMs);
  }
}

let bench = new Bench();
beforeEach(() => {
  bench = new Bench();
});

test("A13: a writer is fenced at the very deadline of its lease, and not before", async () => {
  bench.grant(0);
  bench.start();
  await bench.clock.runUntil(2_999);
  expect(bench.fencedAtMs).toEqual([]);
  bench.grant(1_500);
  await bench.clock.runUntil(10_000);
  expect(bench.fencedAtMs).toEqual([4_500]);
});

test("A13: a writer without a lease, of another epoch, or that nobody assigned, is fenced at once", async () => {
  for (const change of [{}, { epoch: 4 as Epoch }, { role: "secondary" as const }, undefined]) {
    bench = new Bench();
    if (change === undefined || Object.keys(change).length > 0) bench.grant(0);
    bench.assignment = change && { ...primary, ...change };
    bench.start();
    await bench.clock.runUntil(5);
    expect(bench.fencedAtMs).toEqual([0]);
  }
});

test("A13: a writer that loses its assignment is fenced before its lease ends", async () => {
  bench.grant(0);
  bench.start();
  await bench.clock.runUntil(1_000);
  bench.assignment = { ...primary, role: "secondary", epoch: 4 as Epoch };
  bench.watch.look();
  await bench.clock.runUntil(1_001);
  expect(bench.fencedAtMs).toEqual([1_000]);
});

test("A13: a fence that fails is tried again, and one that takes long is not begun twice", async () => {
  bench.fence = () => Promise.reject(new Error("a process does not end"));
  bench.start();
  await bench.clock.runUntil(1_100);
  expect(bench.fencedAtMs).toEqual([0, 250, 500, 750, 1_000]);
  bench.fence = () => new Promise(() => undefined);
  await bench.clock.runUntil(5_000);
  expect(bench.fencedAtMs).toHaveLength(6);
});
