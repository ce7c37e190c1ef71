import { beforeEach, expect, test } from "vitest";
import { SimClock } from "../../sim/clock.ts";
import { RecordingLog } from "../../sim/log.ts";
import type { Json, Network } from "../env/env.ts";
import type { Assignment, PeerAgent } from "../model/assignment.ts";
import { Failure } from "../model/failure.ts";
import type { DatabaseId, Epoch, RegionId, SystemId } from "../model/region.ts";
import { Failsafe, type ControllerContact } from "./failsafe.ts";
import { Leases } from "./leases.ts";

const database = "orders" as DatabaseId;
const epoch = 3 as Epoch;
const never = new AbortController().signal;
const peer = (region: string, port: number): PeerAgent => ({
  region: region as RegionId,
  address: { host: "127.0.0.1", port },
});
const [west, north] = [peer("us-west-2", 1), peer("eu-north-1", 2)];
const silent: ControllerContact = { silentMs: 1_500, hasFailed: false };
const ttlMs = 3_000;

class Bench {
  readonly clock = new SimClock();
  readonly log = new RecordingLog();
  readonly told: string[] = [];
  readonly asked: number[] = [];
  writer: Assignment | undefined = {
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
    failsafe: [west, north],
    rpoGuardMs: 0,
    isPromoted: true,
  };
  /** By port; anything else is unreachable. */
  answers = new Map<number, boolean>([
    [1, true],
    [2, true],
  ]);
  onAsk: () => void = () => undefined;
  readonly leases = new Leases({
    clock: this.clock,
    log: this.log,
    board: { read: () => [], write: () => undefined },
    epochOf: () => epoch,
    changed: () => undefined,
  });
  readonly failsafe = new Failsafe(
    {
      clock: this.clock,
      log: this.log,
      network: this.#network(),
      leases: this.leases,
      writer: () => this.writer,
      tokenFor: () => "token",
      tell: ({ kind }) => void this.told.push(kind),
    },
    "us-east-1" as RegionId,
  );

  /** A lease of 3 s, of which `ageMs` are over, and one round of questions; answers how much is left then. */
  async look(ageMs: number, contact = silent): Promise<number> {
    this.leases.take([{ database, epoch, ttlMs }], 0);
    await this.clock.runUntil(ageMs);
    await this.clock.drive(() => this.failsafe.look([database], contact, never));
    return this.leases.leftMs(database, epoch);
  }

  #network(): Network {
    return {
      serve: () => Promise.resolve(),
      request: async ({ port }): Promise<Json> => {
        this.asked.push(port);
        this.onAsk();
        await this.clock.sleep(100, never);
        const isGiven = this.answers.get(port);
        if (isGiven === undefined) throw new Failure("network.unreachable", "cut");
        return { kind: "promise", isGiven, because: "so" };
      },
    };
  }
}

let bench = new Bench();
beforeEach(() => {
  bench = new Bench();
});

test("A15: with every promise the lease goes on, counted from before it was asked for", async () => {
  expect(await bench.look(1_500)).toBe(ttlMs - 100);
  expect(bench.leases.get(database)?.from).toBe("promises");
  expect(bench.told).toEqual(["agent.failsafe-entered"]);
  bench.failsafe.controllerAnswered();
  bench.failsafe.controllerAnswered();
  expect(bench.told).toEqual(["agent.failsafe-entered", "agent.failsafe-left"]);
});

test("A15: with one promise refused, or one Region silent, the lease ends as it was", async () => {
  bench.answers.set(2, false);
  expect(await bench.look(1_500)).toBe(1_400);
  bench = new Bench();
  bench.answers.delete(2);
  expect(await bench.look(1_500)).toBe(1_400);
  expect(bench.told).toEqual([]);
});

test("A15: where nobody could be promoted, the lease goes on by itself", async () => {
  if (bench.writer) bench.writer = { ...bench.writer, failsafe: [] };
  expect(await bench.look(1_500)).toBe(ttlMs);
});

test("A15: nobody is asked while the controller answers, or the lease is fresh", async () => {
  await bench.look(1_500, { silentMs: 900, hasFailed: false });
  await bench.look(1_500, { silentMs: 0, hasFailed: false });
  bench = new Bench();
  await bench.look(900);
  expect(bench.asked).toEqual([]);
});

test("A15: a lease that has ended is not taken up again by promises", async () => {
  expect(await bench.look(3_000)).toBe(0);
  expect(bench.asked).toEqual([]);
  bench = new Bench();
  expect(await bench.look(2_950)).toBe(0);
  expect(bench.asked).toEqual([1, 2]);
});

test("A15: a writer that was told to stop, or to ask somebody else, meanwhile, does not go on", async () => {
  const whole = bench.writer;
  bench.onAsk = () => (bench.writer = undefined);
  expect(await bench.look(1_500)).toBe(1_400);
  bench = new Bench();
  bench.onAsk = () => {
    bench.writer = whole && { ...whole, failsafe: [west, north, peer("ap-south-1", 3)] };
  };
  expect(await bench.look(1_500)).toBe(1_400);
});
