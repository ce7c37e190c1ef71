/** A whole world in one thread: controller, agents, PostgreSQL, a bad network and bad luck, all from one seed. */
import { createHash } from "node:crypto";
import { instancesOf, type DatabaseSystem } from "../src/database/topology.ts";
import type { DatabaseSettings } from "../src/database/controller.ts";
import { parseRecord } from "../src/database/records.ts";
import type { InstanceReport } from "../src/model/instance.ts";
import { formatInstance, type RegionId } from "../src/model/region.ts";
import { Secret } from "../src/std/secret.ts";
import { assert } from "../src/std/assert.ts";
import type { Entry } from "../src/store/store.ts";
import { AgentProgram } from "./agent-program.ts";
import { SimArchiveDisk } from "./archive.ts";
import { drawCharacter, type Character } from "./character.ts";
import { Checkers } from "./checkers.ts";
import { SimClock, SkewedClock } from "./clock.ts";
import { ControllerProgram } from "./controller-program.ts";
import { harass, heal, placesOf, revive, type FaultTargets } from "./faults.ts";
import { SimFileDisk } from "./files.ts";
import { SimHost } from "./host.ts";
import { RecordingLog, type LogLine } from "./log.ts";
import { SimNetwork } from "./network.ts";
import { honest, type Plant } from "./plant.ts";
import { SeededRandom } from "./random.ts";
import { SimDisk } from "./store.ts";
import { WalStream } from "./stream.ts";

/** 180 s: the longest clone, after the longest back-off, after the longest stall, and twice that. */
const calmMs = 180_000;

export type Outcome = {
  readonly violations: readonly string[];
  /** Equal for two runs of one seed. */
  readonly trace: string;
  readonly simulatedMs: number;
};

export class SimWorld {
  readonly #clock = new SimClock();
  readonly #random: SeededRandom;
  readonly #character: Character;
  readonly #plant: Plant;
  readonly #network: SimNetwork;
  readonly #stream: WalStream;
  readonly #checkers: Checkers;
  readonly #log: RecordingLog;
  readonly #lines: LogLine[] = [];
  readonly #trace = createHash("sha256");
  readonly #rates = new Map<RegionId, number>();
  readonly #targets: FaultTargets;

  constructor(seed: number, plant: Plant = honest) {
    this.#random = new SeededRandom(seed);
    this.#character = drawCharacter(this.#random.fork());
    this.#plant = plant;
    const { regions, network, wal } = this.#character;
    const onBug = (bug: unknown): void =>
      this.#checkers.violate(
        `a handler has a bug: ${bug instanceof Error ? bug.stack : String(bug)}`,
      );
    this.#network = new SimNetwork(
      { clock: this.#clock, random: this.#random.fork(), onBug },
      network,
    );
    this.#stream = new WalStream(
      this.#clock,
      wal,
      (a, b) => !this.#network.isCut(a, b) && !this.#network.isCut(b, a),
    );
    this.#checkers = new Checkers(
      this.#clock,
      () => this.#stream.hosts,
      (host) => this.#systemOf(host).key,
    );
    this.#log = new RecordingLog(this.#lines);
    this.#targets = this.#build(regions);
  }

  /** Lives through `ms` of faults and a calm time after them. */
  async run(ms: number): Promise<Outcome> {
    for (const agent of this.#targets.agents) agent.start();
    revive(this.#targets.controller, this.#clock);
    await harass(this.#targets, ms);
    heal(this.#targets);
    await this.#calm(ms + calmMs);
    await this.#checkEnd();
    return {
      violations: this.#checkers.violations,
      trace: this.#digest(),
      simulatedMs: this.#clock.monotonicMs(),
    };
  }

  /** What was logged, for a person who looks into a seed. */
  get lines(): readonly LogLine[] {
    return this.#lines;
  }

  /** Faults that were drawn before the end may still begin to end: only then is it calm. */
  async #calm(endMs: number): Promise<void> {
    while (this.#clock.monotonicMs() < endMs) {
      await this.#clock.runUntil(this.#clock.monotonicMs() + 5_000);
      if (this.#waitsFor().length === 0) return;
      if (this.#clock.monotonicMs() < endMs - calmMs / 2) heal(this.#targets);
    }
  }

  async #checkEnd(): Promise<void> {
    for (const { key } of this.#character.systems) {
      const entry = this.#targets.storeDisk.read(key);
      if (entry) this.#checkers.recorded(key, parseRecord(entry as Entry).systemId);
    }
    for (const host of this.#waitsFor()) this.#checkers.serves(host, this.#report(host));
  }

  /** Hosts that have to serve and do not. Where a writer's data are lost, nobody may serve (A4). */
  #waitsFor(): readonly SimHost[] {
    return this.#stream.hosts.filter(
      (host) =>
        !this.#isDoomed(this.#systemOf(host)) && this.#report(host)?.state.kind !== "serving",
    );
  }

  #isDoomed(system: DatabaseSystem): boolean {
    const snapshot = this.#targets.controller.databases
      ?.snapshots()
      .find((one) => one.system.key === system.key);
    const writer = snapshot?.instances.find(({ isWriter }) => isWriter);
    const state = writer?.report?.state;
    return state?.kind === "failed" && state.code === "postgres.data-missing";
  }

  #report(host: SimHost): InstanceReport | undefined {
    return reportOf(this.#targets.controller, host);
  }

  #build(regions: readonly RegionId[]): FaultTargets {
    const { systems, store, faultEveryMs } = this.#character;
    for (const system of systems)
      for (const id of instancesOf(system)) {
        const port = 5432 + this.#stream.hosts.length;
        this.#stream.add(new SimHost(id, { host: "127.0.1.11", port }));
      }
    const storeDisk = new SimDisk();
    const controller = new ControllerProgram({
      clock: this.#skewed(),
      random: this.#random.fork(),
      log: this.#log,
      network: this.#network,
      disk: storeDisk,
      archiveDisk: new SimArchiveDisk(),
      storeFaults: store,
      settings: this.#settings(),
      clockRateOf: (region) => this.#rates.get(region) ?? 1,
      checkers: this.#checkers,
      plant: this.#plant,
    });
    const fileDisks = regions.map(() => new SimFileDisk());
    return {
      clock: this.#clock,
      random: this.#random.fork(),
      network: this.#network,
      stream: this.#stream,
      controller,
      agents: regions.map((region, index) => this.#agent(region, fileDisks[index] as SimFileDisk)),
      places: placesOf(regions),
      fileDisks,
      storeDisk,
      everyMs: faultEveryMs,
    };
  }

  #agent(region: RegionId, files: SimFileDisk): AgentProgram {
    return new AgentProgram({
      region,
      hosts: this.#stream.hosts.filter(({ id }) => id.region === region),
      time: this.#clock,
      clock: this.#skewed(region),
      random: this.#random.fork(),
      log: this.#log,
      network: this.#network,
      files,
      stream: this.#stream,
      temper: this.#character.postgres,
      checkers: this.#checkers,
      plant: this.#plant,
    });
  }

  /** Machines started some other day, and run a little fast or slow. */
  #skewed(region?: RegionId): SkewedClock {
    const rate = this.#random.between(0.98, 1.02);
    if (region) this.#rates.set(region, rate);
    return new SkewedClock(this.#clock, this.#random.between(0, 1e9), rate);
  }

  #settings(): DatabaseSettings {
    const { systems, leaseTtlMs } = this.#character;
    return {
      systems,
      leaseTtlMs,
      addressOf: (_, id) => {
        const host = this.#stream.hosts.find(
          ({ id: known }) =>
            known.database === id.database &&
            known.region === id.region &&
            known.number === id.number,
        );
        assert(host !== undefined, "every instance has a host");
        return host.address;
      },
      passwordOf: () => new Secret("simulated"),
    };
  }

  #systemOf({ id }: SimHost): DatabaseSystem {
    const system = this.#character.systems.find(
      ({ database, regions }) =>
        database === id.database && regions.some(({ region }) => region === id.region),
    );
    assert(system !== undefined, "every host belongs to a system");
    return system;
  }

  #digest(): string {
    for (const line of this.#lines) this.#trace.update(JSON.stringify(line));
    return this.#trace.update(String(this.#clock.monotonicMs())).digest("hex");
  }
}

/** What the controller heard of it lately. */
function reportOf(controller: ControllerProgram, host: SimHost): InstanceReport | undefined {
  const known = controller.databases
    ?.snapshots()
    .flatMap(({ instances }) => instances)
    .find(({ id }) => formatInstance(id) === formatInstance(host.id));
  return (known?.reportAgeMs ?? Infinity) < 5_000 ? known?.report : undefined;
}
