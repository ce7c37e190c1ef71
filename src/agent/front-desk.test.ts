import { beforeEach, expect, test } from "vitest";
import { SimClock } from "../../sim/clock.ts";
import type { ServiceId } from "../model/service.ts";
import { decode, encode } from "../wire/codec.ts";
import {
  frontAnswer,
  frontQuestion,
  type FrontAnswer,
  type FrontFacts,
  type FrontQuestion,
} from "../wire/traffic-protocol.ts";
import { FrontDesk, type FrontNews } from "./front-desk.ts";

const web = "web" as ServiceId;
const never = new AbortController().signal;

function factsWith(isHealthy: boolean, served = 0): FrontFacts {
  const one = { service: web, ready: 1, isHealthy, because: "", open: 0, served, failed: 0 };
  const dns = { answered: 0, refused: 0, malformed: 0 };
  return { revision: 0, endpoints: [], services: [one], dns };
}

class Bench {
  readonly clock = new SimClock();
  news: FrontNews = { state: undefined, replicas: [], databases: [] };
  inUse: FrontQuestion["inUse"] = [];
  calls = 0;
  healthChanges = 0;
  readonly desk = this.newDesk();

  newDesk(): FrontDesk {
    return new FrontDesk({
      clock: this.clock,
      news: () => this.news,
      heard: () => (this.calls += 1),
      healthChanged: () => (this.healthChanges += 1),
      hostPid: 7,
    });
  }

  /** One more replica is there, and the desk is told. */
  grow(): void {
    const number = this.news.replicas.length + 1;
    const address = { host: "127.0.1.4", port: 20_000 + number };
    this.news = {
      ...this.news,
      replicas: [...this.news.replicas, { service: web, number, address }],
    };
    this.desk.changed();
  }

  async ask(after: number, facts = factsWith(true), signal = never): Promise<FrontAnswer> {
    const { inUse } = this;
    const question = encode(frontQuestion, { kind: "front", pid: 11, after, facts, inUse });
    return decode(frontAnswer, "an answer", await this.desk.handle(question, signal));
  }
}

let bench = new Bench();
beforeEach(() => {
  bench = new Bench();
});

test("a front door that knows nothing is told everything at once", async () => {
  bench.grow();
  expect(await bench.ask(0)).toMatchObject({
    replicas: [{ number: 1 }],
    isLeaving: false,
    hostPid: 7,
  });
});

test("one that knows everything is answered after a second, under the same number", async () => {
  const { version } = await bench.ask(0);
  const again = await bench.clock.drive(() => {
    const waiting = bench.ask(version);
    // A change that changes nothing ends no wait.
    bench.desk.changed();
    return waiting;
  });
  expect(again.version).toBe(version);
  expect(bench.clock.monotonicMs()).toBe(1_000);
});

test("news ends the wait at once: a replica, and the end of the Region", async () => {
  let { version } = await bench.ask(0);
  for (const happen of [() => bench.grow(), () => bench.desk.leave()]) {
    const startedMs = bench.clock.monotonicMs();
    const answer = await bench.clock.drive(async () => {
      const waiting = bench.ask(version);
      await bench.clock.sleep(10, never);
      happen();
      return waiting;
    });
    expect(bench.clock.monotonicMs() - startedMs).toBeLessThan(100);
    expect(answer.version).toBeGreaterThan(version);
    ({ version } = answer);
  }
  expect(await bench.ask(0)).toMatchObject({ isLeaving: true, replicas: [{ number: 1 }] });
});

test("news that came between two questions is not missed", async () => {
  const { version } = await bench.ask(0);
  bench.grow();
  expect((await bench.ask(version)).replicas).toHaveLength(1);
  expect(bench.clock.monotonicMs()).toBe(0);
});

test("a service that changes its health is passed on at once, and its counters are not", async () => {
  const { version } = await bench.ask(0, factsWith(false));
  expect(bench.healthChanges).toBe(0);
  const waiting = bench.ask(version, factsWith(true));
  expect(bench.healthChanges).toBe(1);
  expect(bench.desk.facts).toEqual(factsWith(true));
  await bench.clock.drive(() => waiting);
  await bench.ask(0, factsWith(true, 5));
  expect(bench.healthChanges).toBe(1);
  await bench.ask(0, factsWith(false, 5));
  expect(bench.healthChanges).toBe(2);
});

test("a replica is in use as long as the front door says so, whatever it has been told since", async () => {
  bench.grow();
  bench.inUse = [{ service: web, number: 1 }];
  await bench.ask(0);
  bench.news = { ...bench.news, replicas: [] };
  bench.desk.changed();
  expect([bench.desk.uses(web, 1), bench.desk.uses(web, 2)]).toEqual([true, false]);
  bench.inUse = [];
  await bench.ask(0);
  expect(bench.desk.uses(web, 1)).toBe(false);
});

test("whoever waits for an answer is heard all the time, and then is silent for longer and longer", async () => {
  expect(bench.desk.caller).toBeUndefined();
  const { version } = await bench.ask(0);
  const waiting = bench.clock.drive(() => bench.ask(version));
  expect(bench.desk.caller).toEqual({ pid: 11, agoMs: 0 });
  await waiting;
  await bench.clock.runUntil(bench.clock.monotonicMs() + 700);
  expect(bench.desk.caller).toEqual({ pid: 11, agoMs: 700 });
  expect(bench.calls).toBe(2);
});

test("a question that is broken off is waited for no longer, and leaves nobody who seems to wait", async () => {
  const { version } = await bench.ask(0);
  const broken = new AbortController();
  const waiting = bench.ask(version, factsWith(true), broken.signal);
  broken.abort();
  await waiting;
  expect(bench.clock.monotonicMs()).toBe(0);
  await bench.clock.runUntil(5_000);
  expect(bench.desk.caller?.agoMs).toBe(5_000);
});

test("a question that makes no sense is refused, and nobody was heard", async () => {
  await expect(bench.desk.handle({ kind: "front" }, never)).rejects.toMatchObject({
    code: "network.message-invalid",
  });
  expect([bench.calls, bench.desk.caller]).toEqual([0, undefined]);
});

test("two agents never number their news alike", async () => {
  const first = await bench.ask(0);
  await bench.clock.runUntil(50);
  const question = {
    kind: "front" as const,
    pid: 11,
    after: first.version,
    facts: factsWith(true),
    inUse: [],
  };
  const answer = await bench.newDesk().handle(encode(frontQuestion, question), never);
  expect(decode(frontAnswer, "an answer", answer).version).not.toBe(first.version);
});
