import { beforeEach, expect, test } from "vitest";
import { SimClock } from "../../sim/clock.ts";
import { RecordingLog } from "../../sim/log.ts";
import { Failure } from "../model/failure.ts";
import type { DatabaseId, Epoch } from "../model/region.ts";
import type { BoardLease } from "./lease-board.ts";
import { Leases } from "./leases.ts";

const database = "orders" as DatabaseId;
const [one, two] = [1, 2] as [Epoch, Epoch];
const ttlMs = 3_000;

class Bench {
  readonly clock = new SimClock();
  shown: readonly BoardLease[] = [];
  isFull = false;
  known = one;
  changes = 0;

  open(): Leases {
    const board = {
      read: () => this.shown,
      write: (leases: readonly BoardLease[]) => {
        if (this.isFull) throw new Failure("disk.full", "no room for the board");
        this.shown = leases;
      },
    };
    const epochOf = (): Epoch => this.known;
    return new Leases({
      clock: this.clock,
      log: new RecordingLog(),
      board,
      epochOf,
      changed: () => (this.changes += 1),
    });
  }

  async pass(ms: number): Promise<void> {
    await this.clock.runUntil(this.clock.monotonicMs() + ms);
  }
}

let bench = new Bench();
beforeEach(() => {
  bench = new Bench();
});
const grant = (epoch = one): { database: DatabaseId; epoch: Epoch; ttlMs: number } => ({
  database,
  epoch,
  ttlMs,
});

test("A1: a lease counts from before it was asked for, and not from its answer", async () => {
  const leases = bench.open();
  await bench.pass(500);
  leases.take([grant()], 0);
  expect(leases.leftMs(database, one)).toBe(ttlMs - 500);
  await bench.pass(ttlMs - 500);
  expect(leases.leftMs(database, one)).toBe(0);
});

test("whoever has to know is told of each lease that counts, and of no other", () => {
  const leases = bench.open();
  leases.take([grant()], 1_000);
  leases.take([grant()], 200);
  expect(bench.changes).toBe(1);
  leases.promised(grant(), 1_500);
  expect(bench.changes).toBe(2);
});

test("A1: an answer that was overtaken does not shorten what a later question got", async () => {
  const leases = bench.open();
  leases.take([grant()], 1_000);
  leases.take([grant()], 200);
  expect(leases.leftMs(database, one)).toBe(1_000 + ttlMs);
});

test("A1: a lease of a lower epoch than the agent knows, or holds, is none", () => {
  const leases = bench.open();
  bench.known = two;
  leases.take([grant(one)], 0);
  expect(leases.leftMs(database, one)).toBe(0);
  leases.take([grant(two)], 0);
  bench.known = one;
  leases.take([grant(one)], 1_000);
  expect(leases.leftMs(database, one)).toBe(0);
  expect(leases.leftMs(database, two)).toBe(ttlMs);
});

test("A13: what a writer runs on is on the board before it counts, and nothing else is", () => {
  const leases = bench.open();
  leases.take([grant()], 0);
  expect(bench.shown).toEqual([]);
  leases.arm(database);
  expect(bench.shown).toEqual([{ database, epoch: one, untilMs: ttlMs }]);
  leases.take([grant()], 1_000);
  expect(bench.shown).toEqual([{ database, epoch: one, untilMs: 1_000 + ttlMs }]);
  leases.disarm(database);
  expect(bench.shown).toEqual([]);
});

test("A13: a lease that the board does not take is as long as it was before", () => {
  const leases = bench.open();
  leases.take([grant()], 0);
  leases.arm(database);
  bench.isFull = true;
  leases.take([grant()], 1_000);
  leases.promised(grant(), 1_000);
  expect(leases.leftMs(database, one)).toBe(ttlMs);
});

test("A13: a writer for which the board has no room is not armed", () => {
  const leases = bench.open();
  leases.take([grant()], 0);
  bench.isFull = true;
  expect(() => leases.arm(database)).toThrow("no room");
  bench.isFull = false;
  leases.take([grant()], 10);
  expect(bench.shown).toEqual([]);
});

test("A13: an agent that starts goes on with the deadlines of the one before", async () => {
  bench.shown = [{ database, epoch: one, untilMs: 800 }];
  const leases = bench.open();
  expect(leases.leftMs(database, one)).toBe(800);
  expect(leases.get(database)?.ttlMs).toBeUndefined();
  leases.take([grant()], 100);
  expect(bench.shown).toEqual([{ database, epoch: one, untilMs: 100 + ttlMs }]);
});
