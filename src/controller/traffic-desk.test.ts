import { expect, test } from "vitest";
import { SimClock } from "../../sim/clock.ts";
import { east, webapp, west } from "../../test/routing-fixtures.ts";
import type { Json } from "../env/env.ts";
import type { RegionId } from "../model/region.ts";
import type { ReplicaTarget, TrafficState } from "../model/traffic.ts";
import { decode, encode } from "../wire/codec.ts";
import {
  frontAnswer,
  frontQuestion,
  trafficAnswer,
  trafficHoldMs,
  trafficQuestion,
  type FrontFacts,
  type RegionFacts,
  type TrafficAnswer,
} from "../wire/traffic-protocol.ts";
import { silentMs, TrafficDesk } from "./traffic-desk.ts";

const never = new AbortController().signal;
const noFacts: RegionFacts = {
  front: undefined,
  replicas: [],
  pooler: undefined,
  names: [],
  writes: [],
};
const frontFacts: FrontFacts = {
  revision: 7,
  endpoints: [],
  services: [],
  dns: { answered: 0, refused: 0, malformed: 0 },
};

class Bench {
  readonly clock = new SimClock();
  readonly told: RegionId[] = [];
  state: TrafficState = {
    revision: 1,
    names: [],
    regions: [],
    services: [],
    distribution: undefined,
  };
  targets: readonly ReplicaTarget[] = [];
  readonly desk = this.open();

  /** Another life of the controller. */
  open(): TrafficDesk {
    return new TrafficDesk({
      clock: this.clock,
      state: () => this.state,
      targets: (region) => this.targets.filter((one) => one.region === region),
      told: (region) => this.told.push(region),
    });
  }

  async ask(
    region: RegionId,
    after: number,
    { desk = this.desk, holdMs = trafficHoldMs, signal = never } = {},
  ): Promise<TrafficAnswer> {
    const asked = encode(trafficQuestion, { kind: "traffic", after, holdMs, facts: noFacts });
    return decode(trafficAnswer, "an answer", await desk.handleAgent(region, asked, signal));
  }

  changeState(): void {
    this.state = { ...this.state, revision: this.state.revision + 1 };
    this.desk.changed();
  }
}

/** The answer, and how long it took in ms. */
async function timed<T>({ clock }: Bench, ask: () => Promise<T>): Promise<readonly [T, number]> {
  const fromMs = clock.monotonicMs();
  const answer = await clock.drive(ask);
  return [answer, clock.monotonicMs() - fromMs];
}

test("whoever knows nothing is answered at once, and whoever knows it all after the hold", async () => {
  const bench = new Bench();
  const [first, tookMs] = await timed(bench, () => bench.ask(east, 0));
  expect([first.state.revision, tookMs]).toEqual([1, 0]);
  const [same, heldMs] = await timed(bench, () => bench.ask(east, first.version));
  expect([same.version, heldMs]).toEqual([first.version, trafficHoldMs]);
});

test("a question is held for as long as it says, and never longer than the protocol's hold", async () => {
  const bench = new Bench();
  const { version } = await bench.ask(east, 0);
  const [, noneMs] = await timed(bench, () => bench.ask(east, version, { holdMs: 0 }));
  const [, longMs] = await timed(bench, () => bench.ask(east, version, { holdMs: 10_000 }));
  expect([noneMs, longMs]).toEqual([0, trafficHoldMs]);
});

test("a newer state answers every question that waits, at once", async () => {
  const bench = new Bench();
  const { version } = await bench.ask(east, 0);
  const [both, tookMs] = await timed(bench, async () => {
    const waiting = [bench.ask(east, version), bench.ask(east, version)];
    await bench.clock.sleep(100, never);
    bench.changeState();
    return Promise.all(waiting);
  });
  expect(both.map(({ state }) => state.revision)).toEqual([2, 2]);
  expect(tookMs).toBe(100);
});

test("the targets of one Region are no news for another", async () => {
  const bench = new Bench();
  const [one, other] = [await bench.ask(east, 0), await bench.ask(west, 0)];
  const [, tookMs] = await timed(bench, async () => {
    const waiting = bench.ask(west, other.version);
    bench.targets = [{ service: webapp, region: east, replicas: 3 }];
    bench.desk.changed();
    return waiting;
  });
  expect(tookMs).toBe(trafficHoldMs);
  expect((await bench.ask(east, one.version)).targets).toEqual(bench.targets);
});

test("the version of an earlier controller's answer is no version of the next one", async () => {
  const bench = new Bench();
  const { version } = await bench.ask(east, 0);
  await bench.clock.drive(() => bench.clock.sleep(50, never));
  const next = bench.open();
  const [answer, tookMs] = await timed(bench, () => bench.ask(east, version, { desk: next }));
  expect(answer.version).not.toBe(version);
  expect(tookMs).toBe(0);
});

test("a question whose asker is gone is answered without waiting", async () => {
  const bench = new Bench();
  const { version } = await bench.ask(east, 0);
  const gone = new AbortController();
  const [, tookMs] = await timed(bench, async () => {
    const waiting = bench.ask(east, version, { signal: gone.signal });
    await bench.clock.sleep(10, never);
    gone.abort(new Error("its connection broke"));
    return waiting;
  });
  expect(tookMs).toBe(10);
});

test("what a Region told counts until it has been silent for too long, or is forgotten", async () => {
  const bench = new Bench();
  await bench.ask(east, 0);
  await bench.ask(west, 0);
  expect(bench.told).toEqual([east, west]);
  bench.desk.forget(west);
  expect([bench.desk.factsOf(east), bench.desk.factsOf(west)]).toEqual([noFacts, undefined]);
  await bench.clock.drive(() => bench.clock.sleep(silentMs, never));
  expect(bench.desk.factsOf(east)).toEqual(noFacts);
  await bench.clock.drive(() => bench.clock.sleep(1, never));
  expect(bench.desk.factsOf(east)).toBeUndefined();
});

test("the front door outside is answered with the state, and what it tells ages as well", async () => {
  const bench = new Bench();
  const asked = encode(frontQuestion, {
    kind: "front",
    pid: 7,
    after: 0,
    facts: frontFacts,
    inUse: [],
  });
  const told = await bench.desk.handleFront(asked, never);
  const answer = decode(frontAnswer, "an answer", told);
  expect(answer).toMatchObject({ state: { revision: 1 }, replicas: [], isLeaving: false });
  expect(bench.desk.outside).toEqual(frontFacts);
  await bench.clock.drive(() => bench.clock.sleep(silentMs + 1, never));
  expect(bench.desk.outside).toBeUndefined();
});

test("a malformed question is refused, and nothing of it is kept", async () => {
  const bench = new Bench();
  const malformed: Json = { kind: "traffic", after: -1, holdMs: 0, facts: {} };
  await expect(bench.desk.handleAgent(east, malformed, never)).rejects.toMatchObject({
    code: "network.message-invalid",
  });
  expect(bench.desk.factsOf(east)).toBeUndefined();
  expect(bench.told).toEqual([]);
});
