import { expect, test } from "vitest";
import { SimArchive } from "../../sim/archive.ts";
import { SeededRandom } from "../../sim/random.ts";
import { SimDisk, SimStore } from "../../sim/store.ts";
import { inWorld, type ControlledWorld } from "../../test/controlled-world.ts";
import { database, east, europe, west } from "../../test/database-fixtures.ts";
import { noFacts, panel, webapp } from "../../test/routing-fixtures.ts";
import type { RegionId } from "../model/region.ts";
import { encode } from "../wire/codec.ts";
import { trafficQuestion, type FrontFacts, type RegionFacts } from "../wire/traffic-protocol.ts";
import type { ControllerSettings } from "../wire/program-settings.ts";
import { silentMs } from "./traffic-desk.ts";
import { TrafficControl } from "./traffic-control.ts";

const never = new AbortController().signal;
/** 250 ms: as often as a test's Region tells, which is oftener than anything is looked at. */
const tellMs = 250;
const regions = [east, west, europe];

const front: FrontFacts = {
  revision: 1,
  endpoints: [],
  services: [
    {
      service: webapp,
      ready: 1,
      isHealthy: true,
      because: "",
      open: 0,
      served: 0,
      failed: 0,
    },
  ],
  dns: { answered: 0, refused: 0, malformed: 0 },
};

/** As a program's settings have it, which is not read-only. */
function onePanel(): ControllerSettings["traffic"]["panels"][number] {
  const { id, controls, rules } = panel();
  const own = rules.map((rule) => ({ ...rule, controls: [...rule.controls] }));
  return { id, controls: [...controls], rules: own };
}

/** A controller's traffic over real databases; each Region tells its facts as long as it has any. */
class Bench {
  readonly control: TrafficControl;
  readonly facts = new Map<RegionId, RegionFacts>();
  readonly #world: ControlledWorld;

  constructor(world: ControlledWorld) {
    this.#world = world;
    const { clock, log, archive, controller: databases } = world;
    const random = new SeededRandom(1);
    const faults = { latencyMsMax: 0, failureRate: 0 };
    const store = new SimStore({ clock, log, random }, new SimDisk(), faults);
    this.control = new TrafficControl(
      { clock, log, random, store, archive: new SimArchive(clock, archive), databases },
      {
        zone: "leeward.internal",
        entry: undefined,
        distributionAt: undefined,
        dns: undefined,
        regions: regions.map((region) => {
          return { region, dial: 100, weight: 128, edge: undefined, dns: undefined };
        }),
        panels: [onePanel()],
        distribution: undefined,
        services: [
          {
            service: webapp,
            regions,
            scaling: {
              min: 1,
              max: 3,
              cpuPercent: undefined,
              cpuRequestMillis: 250,
              tolerance: 0.1,
              scaleDownStabilizationMs: 300_000,
            },
          },
        ],
      },
      1,
    );
    for (const region of regions) this.say(region, {});
  }

  say(region: RegionId, fields: Partial<RegionFacts>): void {
    const base = { front, replicas: [], pooler: undefined, names: [], writes: [] };
    this.facts.set(region, { ...base, ...fields });
  }

  async run(signal: AbortSignal): Promise<void> {
    await this.control.load(signal);
    await Promise.all([this.control.run(signal), this.#tellForever(signal)]);
  }

  isHealthy(region: RegionId): boolean | undefined {
    const { services } = this.control.board.state;
    return services.find((one) => one.region === region)?.isHealthy;
  }

  get readers(): readonly RegionId[] {
    return this.control.board.state.names[0]?.readers.toSorted() ?? [];
  }

  async #tellForever(signal: AbortSignal): Promise<void> {
    const { clock } = this.#world;
    while (!signal.aborted) {
      for (const [region, facts] of this.facts) {
        const asked = encode(trafficQuestion, { kind: "traffic", after: 0, holdMs: 0, facts });
        await this.control.desk.handleAgent(region, asked, signal);
      }
      await clock.sleep(tellMs, signal).catch(() => undefined);
    }
  }
}

/** Every Region is heard, and the names of `orders` lead somewhere. */
function inTraffic(body: (bench: Bench, world: ControlledWorld) => Promise<void>): Promise<void> {
  return inWorld(async (world) => {
    const over = new AbortController();
    const bench = new Bench(world);
    const running = bench.run(over.signal);
    try {
      await world.until(() => regions.every((region) => bench.control.desk.factsOf(region)));
      await world.until(() => bench.readers.length > 0);
      await body(bench, world);
    } finally {
      over.abort(new Error("the test is over"));
      await running;
    }
  });
}

test("a Region that falls silent is healthy in nothing, and is again when it is heard", () =>
  inTraffic(async (bench, world) => {
    await world.pass(2 * silentMs);
    expect(bench.isHealthy(west)).toBe(true);
    bench.facts.delete(west);
    await world.pass(silentMs - tellMs);
    expect(bench.isHealthy(west)).toBe(true);
    await world.pass(2 * tellMs);
    expect([bench.isHealthy(east), bench.isHealthy(west)]).toEqual([true, false]);
    bench.say(west, {});
    await world.until(() => bench.isHealthy(west) === true);
  }));

test("a Region that is switched off is healthy in nothing at once", () =>
  inTraffic(async (bench) => {
    bench.facts.delete(west);
    bench.control.forgetRegion(west);
    expect([bench.isHealthy(east), bench.isHealthy(west)]).toEqual([true, false]);
    return Promise.resolve();
  }));

test("a Region whose agent lives and whose front door does not is healthy in nothing", () =>
  inTraffic(async (bench, world) => {
    await world.pass(2 * silentMs);
    bench.say(west, { front: undefined });
    // A front door that is started anew by its agent is there again before that.
    await world.pass(silentMs - tellMs);
    expect(bench.isHealthy(west)).toBe(true);
    await world.pass(3 * tellMs);
    expect([bench.isHealthy(east), bench.isHealthy(west)]).toEqual([true, false]);
    bench.say(west, {});
    await world.until(() => bench.isHealthy(west) === true);
  }));

test("T12: the reader name leaves a Region that was lost, also when no report of it is left", () =>
  inTraffic(async (bench, world) => {
    await world.pass(4_000);
    expect(bench.readers).toEqual(regions.toSorted());
    world.agent(west).isUp = false;
    world.controller.forgetRegion(west);
    await world.pass(1_500);
    expect(bench.readers).toEqual([east, europe].toSorted());
    // With the writer gone, too, nobody has anybody to follow; what is left can be read all the same.
    world.agent(europe).says = { state: { kind: "catching-up", because: "its upstream is away" } };
    world.agent(east).isUp = false;
    world.controller.forgetRegion(east);
    await world.pass(1_500);
    expect(bench.readers).toEqual([europe]);
  }));

test("names are told as verified once, when every Region that can be heard has verified them", () =>
  inTraffic(async (bench, world) => {
    const told = (): number => world.events().filter((kind) => kind === "names.verified").length;
    const { version = 0 } = bench.control.board.state.names[0] ?? {};
    const check = { database, version, isVerified: true, because: "" };
    bench.say(east, { names: [check] });
    bench.say(west, { names: [{ ...check, version: version - 1 }] });
    bench.say(europe, { names: [check] });
    await world.pass(2_000);
    expect(told()).toBe(0);
    bench.say(west, { names: [{ ...check, isVerified: false }] });
    await world.pass(2_000);
    expect(told()).toBe(0);
    bench.say(west, { names: [check] });
    await world.until(() => told() === 1);
    await world.pass(5_000);
    expect(told()).toBe(1);
  }));

test("whoever waits at the desk hears of a switched control at once", () =>
  inTraffic(async (bench, world) => {
    const facts = { front, replicas: [], pooler: undefined, names: [], writes: [] };
    const ask = (after: number): Promise<unknown> => {
      const asked = encode(trafficQuestion, { kind: "traffic", after, holdMs: 1_000, facts });
      return bench.control.desk.handleAgent(east, asked, never);
    };
    const { version } = (await ask(0)) as { readonly version: number };
    const waiting = ask(version);
    const fromMs = world.clock.monotonicMs();
    const batch = [{ control: east, isOn: false }];
    await bench.control.board.setControls(batch, { override: undefined }, noFacts, never);
    expect(await waiting).toMatchObject({
      state: { regions: [{ isOn: false }, { isOn: true }, { isOn: true }] },
    });
    expect(world.clock.monotonicMs() - fromMs).toBeLessThan(100);
  }));

test("nothing waits on any more after its end", () =>
  inTraffic(async (bench, world) => {
    const over = new AbortController();
    const again = bench.control.run(over.signal);
    const fromMs = world.clock.monotonicMs();
    over.abort(new Error("the controller ends"));
    await again;
    expect(world.clock.monotonicMs() - fromMs).toBeLessThan(1_000);
    expect(world.log.lines.filter(({ event }) => event === "controller.traffic-failed")).toEqual(
      [],
    );
  }));
