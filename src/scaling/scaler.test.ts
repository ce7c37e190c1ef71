import { expect, test } from "vitest";
import { SimClock } from "../../sim/clock.ts";
import { RecordingLog } from "../../sim/log.ts";
import { SimDisk } from "../../sim/store.ts";
import type { NewEvent } from "../model/event.ts";
import { Failure } from "../model/failure.ts";
import type { RegionId } from "../model/region.ts";
import type { Scaling, ServiceId } from "../model/service.ts";
import { LedgerStore } from "../store/ledger-store.ts";
import type { Commit, Store } from "../store/store.ts";
import type { ReplicaFacts } from "../wire/traffic-protocol.ts";
import { Scaler, syncMs, type ScaledService } from "./scaler.ts";

const east = "us-east-1" as RegionId;
const west = "us-west-2" as RegionId;
const never = new AbortController().signal;
const scaling: Scaling = {
  min: 2,
  max: 20,
  cpuPercent: 50,
  cpuRequestMillis: 250,
  tolerance: 0.1,
  scaleDownStabilizationMs: 300_000,
};
const webapp: ScaledService = {
  service: "webapp" as ServiceId,
  regions: [east, west],
  scaling,
};
const cache: ScaledService = {
  service: "cache" as ServiceId,
  regions: [east],
  scaling: { ...scaling, min: 1, max: 1, cpuPercent: undefined },
};

/** A controller's scaler on a store, in a world where each Region uses what a test says. */
class Bench {
  readonly clock: SimClock;
  readonly log = new RecordingLog();
  readonly store: Store;
  readonly scaler: Scaler;
  readonly events: NewEvent[] = [];
  readonly changed: RegionId[] = [];
  /** Percent of its request that each replica of webapp uses; a Region that is not there is not heard. */
  percent = new Map<RegionId, number>([
    [east, 50],
    [west, 50],
  ]);
  readonly #end = new AbortController();
  #running: Promise<void> = Promise.resolve();

  constructor(
    { store, clock = new SimClock() }: { readonly store?: Store; readonly clock?: SimClock } = {},
    services: readonly ScaledService[] = [webapp, cache],
  ) {
    this.clock = clock;
    this.store = store ?? new LedgerStore({ clock: this.clock, log: this.log }, new SimDisk());
    this.scaler = new Scaler(
      {
        clock: this.clock,
        log: this.log,
        store: this.store,
        replicasIn: (region) => this.#facts(region),
        tell: async (event) => void this.events.push(event),
        changed: (region) => void this.changed.push(region),
      },
      services,
    );
  }

  async start(): Promise<this> {
    await this.scaler.load(never);
    this.#running = this.scaler.run(this.#end.signal);
    return this;
  }

  async stop(): Promise<void> {
    this.#end.abort();
    await this.#running;
  }

  /** So many looks. */
  async pass(looks: number): Promise<void> {
    await this.clock.runUntil(this.clock.monotonicMs() + looks * syncMs);
  }

  target(region: RegionId, service = webapp.service): number | undefined {
    return this.scaler.targets(region).find((one) => one.service === service)?.replicas;
  }

  #facts(region: RegionId): readonly ReplicaFacts[] | undefined {
    const percent = this.percent.get(region);
    if (percent === undefined) return undefined;
    const replicas = this.target(region) ?? 0;
    return Array.from({ length: replicas }, (_, index) => ({
      service: webapp.service,
      number: index + 1,
      state: "ready" as const,
      because: "",
      pid: 100 + index,
      restarts: 0,
      ageMs: 60_000,
      cpuMillis: percent * 2.5,
    }));
  }
}

/** The same store, with some commits that fail after they were made. */
function losingAnswers(store: Store, isLost: () => boolean): Store {
  return new Proxy(store, {
    get(target, name) {
      const own = (Reflect.get(target, name) as (...all: unknown[]) => unknown).bind(target);
      if (name !== "commit") return own;
      return async (...all: unknown[]): Promise<Commit> => {
        const commit = (await own(...all)) as Commit;
        if (isLost()) throw new Failure("network.unreachable", "the answer was lost");
        return commit;
      };
    },
  });
}

test("S6: a service that nobody has scaled has the least that leeward.yaml says, and nothing is written for it", async () => {
  const bench = await new Bench().start();
  expect(bench.scaler.targets(east)).toEqual([
    { service: "webapp", region: east, replicas: 2 },
    { service: "cache", region: east, replicas: 1 },
  ]);
  expect(bench.scaler.targets(west)).toEqual([{ service: "webapp", region: west, replicas: 2 }]);
  await bench.pass(3);
  expect((await bench.store.list("", never)).entries).toEqual([]);
  expect(bench.events).toEqual([]);
  await bench.stop();
});

test("S1: each Region is scaled by its own load, every 15 s, and says so", async () => {
  const bench = await new Bench().start();
  bench.percent.set(east, 100);
  await bench.pass(1);
  expect([bench.target(east), bench.target(west)]).toEqual([4, 2]);
  expect(bench.changed).toEqual([east]);
  expect(bench.events).toMatchObject([
    {
      kind: "service.scaled",
      region: east,
      message:
        "webapp in us-east-1 goes from 2 to 4 replicas: 2 replicas use 100 % of 250 thousandths of a core, 50 % is wanted.",
      details: { service: "webapp", from: 2, to: 4 },
    },
  ]);
  await bench.stop();
});

test("S9: a Region that is lost keeps its number", async () => {
  const bench = await new Bench().start();
  bench.percent.set(east, 150);
  await bench.pass(1);
  expect(bench.target(east)).toBe(6);
  bench.percent.delete(east);
  await bench.pass(60);
  expect(bench.target(east)).toBe(6);
  expect(bench.scaler.views()[0]).toMatchObject({ because: "its Region is not heard" });
  await bench.stop();
});

test("S12: a target outlives its controller", async () => {
  const bench = await new Bench().start();
  bench.percent.set(east, 150);
  await bench.pass(1);
  await bench.stop();
  const next = await new Bench(bench).start();
  expect(next.target(east)).toBe(6);
  expect(next.scaler.views()[0]).toMatchObject({ by: "load" });
  await next.stop();
});

test("S12: what another config allowed is cut to this one's bounds, and what is gone is forgotten", async () => {
  const bench = await new Bench().start();
  await bench.scaler.set("webapp", undefined, 12, never);
  await bench.stop();
  const smaller = { ...webapp, scaling: { ...scaling, max: 5 }, regions: [east] };
  const next = await new Bench(bench, [smaller]).start();
  expect(next.target(east)).toBe(5);
  expect((await bench.store.list("scale/", never)).entries.map(({ key }) => key)).toEqual([
    "scale/webapp/us-east-1",
  ]);
  await next.stop();
});

test("S12: without `cpuPercent` what the load asked for is forgotten, and what a person said is kept", async () => {
  const bench = await new Bench().start();
  bench.percent.set(east, 150);
  await bench.pass(1);
  await bench.scaler.set("webapp", west, 7, never);
  await bench.stop();
  const manual = { ...webapp, scaling: { ...scaling, cpuPercent: undefined } };
  const next = await new Bench(bench, [manual]).start();
  expect([next.target(east), next.target(west)]).toEqual([2, 7]);
  await next.pass(60);
  expect([next.target(east), next.target(west)]).toEqual([2, 7]);
  await next.stop();
});

test("S13: a person's number counts at once, and autoscaling goes on from there", async () => {
  const bench = await new Bench().start();
  const moves = await bench.scaler.set("webapp", undefined, 8, never);
  expect(moves).toMatchObject([
    { region: east, from: 2, to: 8 },
    { region: west, from: 2, to: 8 },
  ]);
  expect([bench.target(east), bench.target(west)]).toEqual([8, 8]);
  expect(bench.events.map(({ kind }) => kind)).toEqual([
    "service.replicas-set",
    "service.replicas-set",
  ]);
  bench.percent.set(east, 1).set(west, 75);
  await bench.pass(1);
  expect([bench.target(east), bench.target(west)]).toEqual([8, 12]);
  await bench.pass(20);
  expect([bench.target(east), bench.target(west)]).toEqual([2, 20]);
  await bench.stop();
});

test("S13: a service with 0 replicas stays without until a person says otherwise", async () => {
  const bench = await new Bench().start();
  await bench.scaler.set("webapp", east, 0, never);
  await bench.pass(60);
  expect(bench.target(east)).toBe(0);
  expect((await bench.scaler.pre(east, 200, never)).services[0]).toMatchObject({ to: 0 });
  await bench.stop();
});

test("S13: what cannot be is refused by name, and nothing changes", async () => {
  const bench = await new Bench().start();
  const { scaler } = bench;
  await expect(scaler.set("webap", undefined, 3, never)).rejects.toMatchObject({
    code: "service.unknown",
    message: 'There is no service "webap"; did you mean webapp?',
  });
  await expect(scaler.set("cache", west, 1, never)).rejects.toMatchObject({
    code: "region.unknown",
    message: 'cache does not run in "us-west-2"; it runs in us-east-1',
  });
  for (const replicas of [21, -1, 1.5, Number.NaN]) {
    await expect(scaler.set("webapp", east, replicas, never)).rejects.toMatchObject({
      code: "scale.out-of-range",
    });
  }
  await expect(scaler.pre("mars", 200, never)).rejects.toMatchObject({ code: "region.unknown" });
  expect((await bench.store.list("", never)).entries).toEqual([]);
  await bench.stop();
});

test("S11: a warmed Region has what was asked for, keeps it for ten minutes, and cools down afterwards", async () => {
  const bench = await new Bench().start();
  bench.percent.set(east, 150).set(west, 1);
  await bench.pass(1);
  bench.percent.set(east, 50);
  const warming = await bench.scaler.pre(west, 200, never);
  expect(warming).toMatchObject({
    percent: 200,
    holdMs: 600_000,
    services: [{ service: "webapp", region: west, from: 2, to: 12, of: 6 }],
  });
  expect(bench.events.at(-1)).toMatchObject({
    kind: "service.warmed",
    message:
      "webapp in us-west-2 goes from 2 to 12 replicas: 200 % of the 6 that the busiest Region has. webapp in us-west-2 keeps at least 12 for 10 min.",
  });
  await bench.pass(39);
  expect(bench.target(west)).toBe(12);
  await bench.pass(2);
  expect(bench.target(west)).toBe(2);
  await bench.stop();
});

test("S11: a warm Region that grows with its load stays warm", async () => {
  const bench = await new Bench().start();
  await bench.scaler.set("webapp", east, 3, never);
  await bench.scaler.pre(west, 200, never);
  bench.percent.set(west, 100);
  await bench.pass(1);
  expect(bench.target(west)).toBe(12);
  bench.percent.set(west, 1);
  await bench.pass(38);
  expect(bench.target(west)).toBe(6);
  await bench.pass(3);
  expect(bench.target(west)).toBe(2);
  await bench.stop();
});

test("S11: what the formula asked for and has not come yet counts, too", async () => {
  const bench = await new Bench().start();
  bench.percent.set(east, 250);
  await bench.pass(1);
  expect(bench.target(east)).toBe(6);
  expect((await bench.scaler.pre(west, 100, never)).services[0]).toMatchObject({ to: 10, of: 10 });
  await bench.stop();
});

test("S11: the Region that carries the most counts also when it is lost", async () => {
  const bench = await new Bench().start();
  await bench.scaler.set("webapp", east, 5, never);
  bench.percent.delete(east);
  expect((await bench.scaler.pre(west, 200, never)).services[0]).toMatchObject({ to: 10, of: 5 });
  await bench.stop();
});

test("S11: a Region stays warm when its controller dies, and a person ends it", async () => {
  const bench = await new Bench().start();
  bench.percent.set(west, 1);
  await bench.scaler.set("webapp", east, 6, never);
  await bench.scaler.pre(west, 200, never);
  await bench.stop();
  const next = await new Bench(bench).start();
  next.percent.set(west, 1);
  await next.pass(30);
  expect(next.target(west)).toBe(12);
  expect(next.scaler.views()[1]?.hold).toEqual({ replicas: 12, leftMs: 150_000 });
  await next.scaler.set("webapp", west, 3, never);
  expect(next.scaler.views()[1]?.hold).toBeUndefined();
  await next.pass(30);
  expect(next.target(west)).toBe(2);
  await next.stop();
});

test("S12: of two controllers none undoes what the other has changed", async () => {
  const one = await new Bench().start();
  const other = await new Bench(one).start();
  await one.scaler.set("webapp", east, 9, never);
  // It still believes in 2, and would make 4 of it.
  other.percent.set(east, 100);
  one.percent.set(east, 50);
  await one.pass(1);
  expect(one.target(east)).toBe(9);
  expect(other.log.lines).toEqual([]);
  expect(other.target(east)).toBe(9);
  await other.scaler.set("webapp", east, 5, never);
  await one.scaler.set("webapp", east, 6, never);
  const { entries } = await one.store.list("scale/", never);
  expect(entries.map(({ value }) => JSON.parse(value) as unknown)).toMatchObject([{ replicas: 6 }]);
  await Promise.all([one.stop(), other.stop()]);
});

test("S12: a change whose answer was lost is looked up before anybody decides upon it", async () => {
  const plain = new Bench();
  let isLost = true;
  const store = losingAnswers(plain.store, () => isLost);
  const bench = await new Bench({ store, clock: plain.clock }).start();
  await expect(bench.scaler.set("webapp", east, 9, never)).rejects.toMatchObject({
    code: "network.unreachable",
  });
  isLost = false;
  await bench.pass(1);
  expect(bench.target(east)).toBe(9);
  await bench.stop();
});

test("S12: a store that fails is told, and neither the other services nor the next look wait for it", async () => {
  const plain = new Bench();
  let fails = true;
  const store = losingAnswers(plain.store, () => fails);
  const bench = await new Bench({ store, clock: plain.clock }).start();
  bench.percent.set(east, 100).set(west, 100);
  await bench.pass(1);
  expect(bench.log.lines).toMatchObject([{ level: "error", event: "scaling.sync-failed" }]);
  fails = false;
  // What was asked of the store was made, though nobody heard so: the next look reads it first.
  bench.percent.set(east, 50).set(west, 50);
  await bench.pass(1);
  expect([bench.target(east), bench.target(west)]).toEqual([4, 4]);
  expect(bench.log.lines).toHaveLength(1);
  await bench.stop();
});

test("S12: a record that cannot be read stops the controller with its key", async () => {
  const bench = new Bench();
  const change = { kind: "put", key: "scale/webapp/us-east-1", value: "{}" } as const;
  await bench.store.commit([], [change], never);
  await expect(bench.scaler.load(never)).rejects.toMatchObject({
    code: "state.damaged",
    message: "Could not read scale/webapp/us-east-1 in the controller's store",
  });
});
