import { beforeEach, expect, test } from "vitest";
import { SimClock } from "../../sim/clock.ts";
import type { PlainRoute } from "../database/route.ts";
import type { HoldOutcome } from "../engine/write-gate.ts";
import type { Json } from "../env/env.ts";
import { lsn } from "../../test/database-fixtures.ts";
import type { DatabaseId, Epoch, RegionId, SystemId } from "../model/region.ts";
import { decode, encode } from "../wire/codec.ts";
import {
  gatewayQuestion,
  watchAnswer,
  type GatewayQuestion,
  type Hold,
  type WatchAnswer,
} from "../wire/gateway-protocol.ts";
import { GatewayDesk } from "./gateway-desk.ts";

const database = "orders" as DatabaseId;
const never = new AbortController().signal;
const hold: Hold = { id: "orders-1-1", untilMs: 5_000, drainUntilMs: 2_000, pins: "end" };

class Bench {
  readonly clock = new SimClock();
  readonly settled: [string, HoldOutcome][] = [];
  hold: Hold | undefined;
  calls = 0;
  route: PlainRoute = {
    database,
    systemId: "7001" as SystemId,
    epoch: 1 as Epoch,
    writer: "us-east-1" as RegionId,
    acceptsWrites: true,
    leaseUntilMs: 3_000,
    timeline: 2,
    instances: [],
    forks: [{ timeline: 2, parent: 1, lsn: lsn(42) }],
  };
  readonly desk = new GatewayDesk({
    clock: this.clock,
    routes: () => [this.route],
    holdOf: () => this.hold,
    settle: (_, id, outcome) => this.settled.push([id, outcome]),
    heard: () => (this.calls += 1),
    hostPid: 7,
  });

  ask(asked: GatewayQuestion): Promise<Json> {
    return this.desk.handle(encode(gatewayQuestion, asked), never);
  }

  async watch(after: number, pid = 11): Promise<WatchAnswer> {
    const answer = await this.ask({ kind: "watch", pid, after, counters: [] });
    return decode(watchAnswer, "an answer", answer);
  }
}

let bench = new Bench();
beforeEach(() => {
  bench = new Bench();
});

test("a gateway that knows nothing is told everything at once", async () => {
  const answer = await bench.watch(0);
  expect(answer).toMatchObject({ isLeaving: false, hostPid: 7 });
  expect(answer.routes).toEqual([{ ...bench.route, hold: undefined }]);
});

test("a gateway that knows everything is answered after a second, under the same number", async () => {
  const { version } = await bench.watch(0);
  const again = await bench.clock.drive(() => bench.watch(version));
  expect(again.version).toBe(version);
  expect(bench.clock.monotonicMs()).toBe(1_000);
});

test("news ends the wait at once: a lease, a hold, the end of the Region", async () => {
  const news = [
    () => (bench.route = { ...bench.route, leaseUntilMs: 4_000 }),
    () => (bench.hold = hold),
    () => bench.desk.leave(),
  ];
  let { version } = await bench.watch(0);
  for (const happen of news) {
    const startedMs = bench.clock.monotonicMs();
    const answer = await bench.clock.drive(async () => {
      const waiting = bench.watch(version);
      await bench.clock.sleep(10, never);
      happen();
      bench.desk.changed();
      return waiting;
    });
    expect(bench.clock.monotonicMs() - startedMs).toBeLessThan(100);
    expect(answer.version).toBeGreaterThan(version);
    ({ version } = answer);
  }
  expect(await bench.watch(0)).toMatchObject({ isLeaving: true, routes: [{ hold }] });
});

test("a change that changes nothing for the gateway does not end its wait", async () => {
  const { version } = await bench.watch(0);
  const waiting = bench.clock.drive(() => bench.watch(version));
  bench.desk.changed();
  expect((await waiting).version).toBe(version);
  expect(bench.clock.monotonicMs()).toBe(1_000);
});

test("what became of a hold reaches whoever waits for it", async () => {
  const because = "a transaction is open for 3 s";
  await bench.ask({ kind: "hold-outcome", database, id: hold.id, isHeld: false, because });
  expect(bench.settled).toEqual([[hold.id, { isHeld: false, because }]]);
});

test("whoever waits for an answer is heard all the time, and then counts as silent for longer and longer", async () => {
  expect(bench.desk.caller).toBeUndefined();
  const { version } = await bench.watch(0);
  const waiting = bench.clock.drive(() => bench.watch(version));
  expect(bench.desk.caller).toEqual({ pid: 11, agoMs: 0 });
  await waiting;
  await bench.clock.runUntil(bench.clock.monotonicMs() + 700);
  expect(bench.desk.caller).toEqual({ pid: 11, agoMs: 700 });
  expect(bench.calls).toBe(2);
});

test("two agents never number their news alike", async () => {
  const first = await bench.watch(0);
  await bench.clock.runUntil(50);
  const next = new GatewayDesk({
    clock: bench.clock,
    routes: () => [],
    holdOf: () => undefined,
    settle: () => undefined,
    heard: () => undefined,
    hostPid: 7,
  });
  const asked: GatewayQuestion = {
    kind: "watch",
    pid: 11,
    after: first.version,
    counters: [],
  };
  const answer = await next.handle(encode(gatewayQuestion, asked), never);
  expect(decode(watchAnswer, "an answer", answer).version).not.toBe(first.version);
});
