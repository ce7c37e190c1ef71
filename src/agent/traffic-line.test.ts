import { beforeEach, expect, test } from "vitest";
import { SimClock } from "../../sim/clock.ts";
import { SimFileDisk, SimFiles } from "../../sim/files.ts";
import { RecordingLog } from "../../sim/log.ts";
import type { Json, Network } from "../env/env.ts";
import { pauseUntil } from "../env/pause-until.ts";
import { Failure } from "../model/failure.ts";
import type { RegionId } from "../model/region.ts";
import type { ServiceId } from "../model/service.ts";
import { Pulse } from "../std/pulse.ts";
import { decode, encode } from "../wire/codec.ts";
import {
  trafficAnswer,
  trafficQuestion,
  type RegionFacts,
  type TrafficAnswer,
} from "../wire/traffic-protocol.ts";
import { TrafficLine } from "./traffic-line.ts";

const controller = { host: "127.0.1.101", port: 7400 };
const statePath = "/agent/traffic.json";
const never = new AbortController().signal;
/** One way through the link to the controller. */
const linkMs = 30;

const facts: RegionFacts = {
  front: undefined,
  replicas: [],
  pooler: undefined,
  names: [],
  writes: [],
};

function answerOf(version: number, revision: number, replicas = 1): TrafficAnswer {
  const state = { revision, names: [], regions: [], services: [], distribution: undefined };
  const target = { service: "web" as ServiceId, region: "us-east-1" as RegionId, replicas };
  return { version, state, targets: [target] };
}

/** A controller at the other end of a link. */
class Controller implements Network {
  readonly clock: SimClock;
  readonly holds: number[] = [];
  isAway = false;
  /** Milliseconds of the way back for the next answers; then `linkMs` again. */
  readonly delays: number[] = [];
  #answer = answerOf(1, 1);
  readonly #changed = new Pulse();

  constructor(clock: SimClock) {
    this.clock = clock;
  }

  serve(): Promise<void> {
    return Promise.reject(new Error("nobody listens here"));
  }

  say(answer: TrafficAnswer): void {
    this.#answer = answer;
    this.#changed.beat();
  }

  async request(_: unknown, message: Json): Promise<Json> {
    const { after, holdMs } = decode(trafficQuestion, "a question", message);
    this.holds.push(holdMs);
    await this.clock.pass(linkMs);
    if (this.isAway) throw new Failure("network.unreachable", "Nobody answers");
    const untilMs = this.clock.monotonicMs() + holdMs;
    while (this.#answer.version === after && this.clock.monotonicMs() < untilMs) {
      await pauseUntil(this.clock, this.#changed, untilMs, never);
    }
    const answer = encode(trafficAnswer, this.#answer);
    await this.clock.pass(this.delays.shift() ?? linkMs);
    return answer;
  }
}

class Bench {
  readonly clock = new SimClock();
  readonly log = new RecordingLog();
  readonly disk = new SimFileDisk();
  readonly controller = new Controller(this.clock);
  readonly heard: { readonly answer: TrafficAnswer; readonly atMs: number }[] = [];
  readonly over = new AbortController();
  readonly line = this.newLine();
  running: Promise<void> = Promise.resolve();

  constructor() {
    this.disk.directories.add("/agent");
  }

  newLine(): TrafficLine {
    const files = new SimFiles(this.disk, { isAlive: true } as never);
    return new TrafficLine(
      { clock: this.clock, log: this.log, network: this.controller, files },
      { controller, token: "t", statePath },
      {
        facts: () => facts,
        heard: (answer) => this.heard.push({ answer, atMs: this.clock.monotonicMs() }),
      },
    );
  }

  async begin(): Promise<void> {
    this.running = this.line.run(this.over.signal);
    await this.pass(200);
  }

  async pass(ms: number): Promise<void> {
    await this.clock.runUntil(this.clock.monotonicMs() + ms);
  }

  get versions(): readonly number[] {
    return this.heard.map(({ answer }) => answer.version);
  }

  warnings(event: string): number {
    return this.log.lines.filter((line) => line.event === event).length;
  }
}

let bench = new Bench();
beforeEach(() => {
  bench = new Bench();
});

test("what is heard is followed once, and is there for the next agent", async () => {
  expect(bench.line.remembered()).toBeUndefined();
  await bench.begin();
  await bench.pass(5_000);
  expect(bench.heard.map(({ answer }) => answer)).toEqual([answerOf(1, 1)]);
  expect(bench.newLine().remembered()).toEqual(answerOf(1, 1));
});

test("news is heard after the way through the link, whenever it happens", async () => {
  await bench.begin();
  const late: number[] = [];
  for (let version = 2; version < 100; version += 1) {
    await bench.pass(700 + version * 7);
    const saidAtMs = bench.clock.monotonicMs();
    bench.controller.say(answerOf(version, version));
    await bench.pass(200);
    late.push((bench.heard.at(-1)?.atMs ?? Infinity) - saidAtMs);
  }
  expect(bench.heard).toHaveLength(99);
  expect(Math.max(...late)).toBeLessThanOrEqual(linkMs);
});

test("nothing is asked more often than news comes: two questions a second or a few more", async () => {
  await bench.begin();
  bench.controller.say(answerOf(2, 2));
  await bench.pass(500);
  const before = bench.controller.holds.length;
  await bench.pass(60_000);
  expect(bench.controller.holds.length - before).toBeLessThan(60 * 2 + 20);
});

test("of two answers on their way, the later one to come counts for nothing when it is the older one", async () => {
  await bench.begin();
  const replicas = (): number | undefined => bench.heard.at(-1)?.answer.targets[0]?.replicas;
  // Both questions are answered with 2; the way back of one takes longer than that of the answer after it.
  bench.controller.delays.push(10, 500, 10, 10);
  bench.controller.say(answerOf(2, 1, 2));
  await bench.pass(100);
  bench.controller.say(answerOf(3, 1, 3));
  await bench.pass(100);
  expect(replicas()).toBe(3);
  await bench.pass(2_000);
  expect(bench.versions).toEqual([1, 2, 3]);
  expect(replicas()).toBe(3);
});

test("a controller with another count of answers is followed from its next revision on", async () => {
  await bench.begin();
  bench.controller.say(answerOf(900, 5));
  await bench.pass(500);
  bench.controller.say(answerOf(7, 6));
  await bench.pass(500);
  expect(bench.versions).toEqual([1, 900, 7]);
});

test("who has something to tell tells it at once, and what comes together in one question", async () => {
  await bench.begin();
  bench.controller.holds.length = 0;
  for (let word = 0; word < 10; word += 1) bench.line.tellSoon();
  await bench.pass(30);
  expect(bench.controller.holds.filter((holdMs) => holdMs === 0)).toHaveLength(1);
});

test("a controller that is away is asked five times a second by each question, and said to be away once", async () => {
  await bench.begin();
  bench.controller.isAway = true;
  await bench.pass(3_000);
  const before = bench.controller.holds.length;
  await bench.pass(10_000);
  expect(bench.controller.holds.length - before).toBeLessThan(110);
  expect(bench.warnings("agent.traffic-silent")).toBe(1);
  bench.controller.isAway = false;
  bench.controller.say(answerOf(2, 2));
  await bench.pass(500);
  expect(bench.versions).toEqual([1, 2]);
  expect(bench.warnings("agent.traffic-heard")).toBe(1);
});

test("a state that cannot be read is as none, and is written anew", async () => {
  bench.disk.texts.set(statePath, `{"version": "one"`);
  expect(bench.line.remembered()).toBeUndefined();
  expect(bench.warnings("agent.traffic-state-unreadable")).toBe(1);
  await bench.begin();
  expect(bench.newLine().remembered()).toEqual(answerOf(1, 1));
});

test("a disk without room does not keep an agent from following", async () => {
  bench.disk.isFull = true;
  await bench.begin();
  expect(bench.versions).toEqual([1]);
  expect(bench.warnings("agent.traffic-state-not-kept")).toBe(1);
});

test("it ends when it is told to, and asks nothing more", async () => {
  await bench.begin();
  bench.over.abort();
  await bench.clock.drive(() => bench.running);
  const before = bench.controller.holds.length;
  bench.line.tellSoon();
  await bench.pass(10_000);
  expect(bench.controller.holds).toHaveLength(before);
});
