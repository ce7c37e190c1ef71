/** A whole world in one thread: controller, agents, PostgreSQL, a bad network and bad luck, all from one seed. */
import { createHash } from "node:crypto";
import { operationPrefix } from "../src/database/operation-record.ts";
import { placesOf as instancesOf, type DatabaseSystem } from "../src/database/topology.ts";
import type { DatabaseSettings } from "../src/database/controller.ts";
import { parseRecord } from "../src/database/records.ts";
import type { Address } from "../src/model/address.ts";
import type { InstanceReport } from "../src/model/instance.ts";
import { formatInstance, type RegionId } from "../src/model/region.ts";
import { Secret } from "../src/std/secret.ts";
import { assert } from "../src/std/assert.ts";
import type { Entry, WatchBatch } from "../src/store/store.ts";
import { AgentProgram } from "./agent-program.ts";
import { SimArchiveDisk } from "./archive.ts";
import { drawCharacter, type Character } from "./character.ts";
import { startClient } from "./clients.ts";
import { SimClock, SkewedClock } from "./clock.ts";
import { ControllerProgram } from "./controller-program.ts";
import { strike } from "./deaths.ts";
import { harass, heal, placesOf, revive, type FaultTargets } from "./faults.ts";
import { SimFileDisk } from "./files.ts";
import { SimHost } from "./host.ts";
import { RecordingLog, type LogLine } from "./log.ts";
import { SimNetwork } from "./network.ts";
import { operate } from "./operators.ts";
import { honest, type Plant } from "./plant.ts";
import { SeededRandom } from "./random.ts";
import { Referee } from "./referee.ts";
import { SimDisk } from "./store.ts";
import { WalStream } from "./stream.ts";

/** 240 s: the longest clone, after the longest back-off, after the longest stall and operation, and twice that. */
const calmMs = 240_000;
/** A report takes so long, and the longest way twice. */
const lookMs = 500;
/** Once everything serves, clients have at most this long to show that writes are taken. */
const proofMsMax = 2_000;
const proofStepMs = 100;

export type Outcome = {
  readonly violations: readonly string[];
  /** Equal for two runs of one seed. */
  readonly trace: string;
  readonly simulatedMs: number;
  readonly acks: number;
  readonly thawedAcks: number;
  /** How many operations ended, by kind and outcome. */
  readonly operations: ReadonlyMap<string, number>;
};

export class SimWorld {
  readonly clock = new SimClock();
  readonly character: Character;
  readonly network: SimNetwork;
  readonly stream: WalStream;
  readonly referee: Referee;
  readonly targets: FaultTargets;
  readonly #random: SeededRandom;
  readonly #plant: Plant;
  readonly #log: RecordingLog;
  readonly #lines: LogLine[] = [];
  readonly #trace = createHash("sha256");
  readonly #rates = new Map<RegionId, number>();
  readonly #clocks: SkewedClock[] = [];
  readonly #addresses: ReadonlyMap<RegionId, Address>;

  /** `character` takes the place of the one that the seed draws. */
  constructor(seed: number, plant: Plant = honest, character?: Character) {
    this.#random = new SeededRandom(seed);
    const drawn = drawCharacter(this.#random.fork());
    this.character = character ?? plant.worldOf?.(drawn) ?? drawn;
    this.#plant = plant;
    const { regions, network, wal, leaseMarginMs } = this.character;
    this.#addresses = new Map(
      regions.map((region, index) => [region, { host: "127.0.1.10", port: 7_500 + index }]),
    );
    const onBug = (bug: unknown): void =>
      this.referee.violate(
        `a handler has a bug: ${bug instanceof Error ? bug.stack : String(bug)}`,
      );
    this.network = new SimNetwork(
      { clock: this.clock, random: this.#random.fork(), onBug },
      network,
    );
    this.stream = new WalStream(
      this.clock,
      wal,
      (a, b) => !this.network.isCut(a, b) && !this.network.isCut(b, a),
    );
    this.referee = new Referee({
      clock: this.clock,
      marginMs: leaseMarginMs,
      hosts: () => this.stream.hosts,
      rateOf: (region) => this.#rates.get(region as RegionId) ?? 1,
    });
    this.#log = new RecordingLog(this.#lines, {}, () => this.clock.monotonicMs());
    this.targets = this.#build(regions);
  }

  /** Lives through `ms` of faults and a calm time after them. */
  async run(ms: number): Promise<Outcome> {
    this.begin();
    const { operateEveryMs: everyMs, wishes } = this.character;
    const { clock, referee } = this;
    const { controller } = this.targets;
    const { regions } = this.character;
    if (everyMs !== undefined) {
      const random = this.#random.fork();
      operate({ clock, referee, controller, regions, random, wishes, everyMs }, ms);
    }
    await harass(this.targets, ms);
    heal(this.targets);
    await this.#settle(ms + calmMs);
    return this.outcome();
  }

  /** Everything starts, and clients write. */
  begin(): void {
    for (const agent of this.targets.agents) agent.start();
    revive(this.targets.controller, this.clock);
    const { clock, network, stream } = this;
    const { regions, systems, writeEveryMs } = this.character;
    const { acknowledged } = this.referee.truth;
    const random = this.#random.fork();
    for (const system of systems)
      for (const region of regions) {
        const hosts = stream.hosts.filter((host) => this.#systemOf(host) === system);
        startClient(region, hosts, writeEveryMs, { clock, random, network, stream, acknowledged });
      }
  }

  outcome(): Outcome {
    const { truth, violations } = this.referee;
    return {
      violations,
      trace: this.#digest(),
      simulatedMs: this.clock.monotonicMs(),
      acks: truth.acks,
      thawedAcks: truth.thawedAcks,
      operations: truth.ended,
    };
  }

  /** What was logged, for a person who looks into a seed. */
  get lines(): readonly LogLine[] {
    return this.#lines;
  }

  /** Hosts that have to serve and do not. */
  waitsFor(): readonly SimHost[] {
    return this.stream.hosts.filter(
      (host) => this.#mustServe(host) && this.report(host)?.state.kind !== "serving",
    );
  }

  report(host: SimHost): InstanceReport | undefined {
    return reportOf(this.targets.controller, host);
  }

  /** What was heard last may be seconds old: if it turns out to have been too good, it is waited for again. */
  async #settle(endMs: number): Promise<void> {
    const { clock } = this;
    for (;;) {
      await this.#calm(endMs);
      const fromMs = clock.monotonicMs();
      await clock.runUntil(fromMs + proofStepMs);
      while (!this.#allWrote(fromMs) && clock.monotonicMs() < fromMs + proofMsMax)
        await clock.runUntil(clock.monotonicMs() + proofStepMs);
      const isProved = this.#isCalm() && this.#allWrote(fromMs);
      if (isProved || clock.monotonicMs() >= endMs) return this.#checkEnd(fromMs);
    }
  }

  /** Faults that were drawn before the end may still begin to end: only then is it calm. */
  async #calm(endMs: number): Promise<void> {
    const { clock } = this;
    while (clock.monotonicMs() < endMs) {
      await clock.runUntil(clock.monotonicMs() + lookMs);
      if (this.#isCalm()) return;
      if (clock.monotonicMs() < endMs - calmMs / 2) heal(this.targets);
    }
  }

  #isCalm(): boolean {
    return this.waitsFor().length === 0 && this.#running().length === 0;
  }

  #allWrote(fromMs: number): boolean {
    return this.character.systems.every(
      ({ key }) => this.#isDoomed(key) || this.#wrote(key, fromMs),
    );
  }

  #wrote(key: string, fromMs: number): boolean {
    return this.referee.truth.lastAckMs(key) > fromMs;
  }

  #running(): readonly string[] {
    return this.referee.truth
      .runningOperations()
      .filter(({ system }) => !this.#isDoomed(system))
      .map(({ id }) => id);
  }

  #checkEnd(provedFromMs: number): void {
    const { checkers, truth } = this.referee;
    for (const host of this.waitsFor()) checkers.serves(host, this.report(host));
    for (const { key } of this.character.systems) {
      const entry = this.targets.storeDisk.read(key);
      if (entry) checkers.recorded(key, parseRecord(entry as Entry, undefined).systemId);
      if (!this.#isDoomed(key) && !this.#wrote(key, provedFromMs))
        this.referee.violate(`${key} takes no writes in the end (I3)`);
    }
    truth.checkEnd((system) => this.#isDoomed(system));
  }

  /** Where a writer's data are lost, nobody may serve (A4); a former writer may wait for a person. */
  #mustServe(host: SimHost): boolean {
    const record = this.referee.truth.recordOf(host);
    const { region } = host.id;
    if (!record) return true;
    const system = this.#systemOf(host);
    const waitsForPerson =
      system.rejoin === "manual" && this.report(host)?.state.kind === "diverged";
    const isOut = !record.members.includes(region) || record.condemned.includes(region);
    return !isOut && !waitsForPerson && !this.#isDoomed(record.detachedFrom ?? system.key, region);
  }

  /** A disk fault took the data of the writer, or of a Region that was detached and stands alone. */
  #isDoomed(key: string, region?: RegionId): boolean {
    const { truth } = this.referee;
    const alone = region && truth.record(`${key}@${region}`);
    const record = alone ?? truth.record(key);
    const writer = this.stream.hosts.find(
      (host) =>
        key.startsWith(this.#systemOf(host).key) &&
        host.id.region === record?.primary &&
        host.id.number === 1,
    );
    return writer !== undefined && truth.isBereft(writer) && writer.data.kind !== "present";
  }

  #build(regions: readonly RegionId[]): FaultTargets {
    const { systems, store, faultEveryMs } = this.character;
    for (const system of systems)
      for (const id of instancesOf(system)) {
        const port = 5432 + this.stream.hosts.length;
        this.stream.add(new SimHost(id, { host: "127.0.1.11", port }));
      }
    const storeDisk = new SimDisk();
    const controller = new ControllerProgram({
      clock: this.#skewed(),
      time: this.clock,
      random: this.#random.fork(),
      log: this.#log,
      network: this.network,
      disk: storeDisk,
      archiveDisk: new SimArchiveDisk(),
      storeFaults: store,
      settings: this.#settings(),
      referee: this.referee,
      plant: this.#plant,
    });
    const fileDisks = regions.map(() => new SimFileDisk());
    const agents = regions.map((region, index) =>
      this.#agent(region, fileDisks[index] as SimFileDisk),
    );
    storeDisk.onWrite = this.#onWrite(agents, controller);
    return {
      clock: this.clock,
      random: this.#random.fork(),
      network: this.network,
      stream: this.stream,
      controller,
      agents,
      places: placesOf(regions),
      fileDisks,
      storeDisk,
      clocks: this.#clocks,
      referee: this.referee,
      log: this.#log,
      unreliable: [this.character.postgres, store],
      faults: this.character.faults,
      everyMs: faultEveryMs,
    };
  }

  #onWrite(
    agents: readonly AgentProgram[],
    controller: ControllerProgram,
  ): (changes: WatchBatch["changes"]) => void {
    const random = this.#random.fork();
    const { clock } = this;
    return (changes) => {
      this.referee.truth.written(changes);
      const isStep = changes.some(({ key }) => key.startsWith(operationPrefix));
      if (!isStep || !random.chance(this.character.deathAtStepRate)) return;
      const agent = random.pick(agents);
      const victim = random.pick(this.character.victims);
      this.#log.info("fault.death-at-step", { victim, region: agent.region });
      strike(victim, { clock, controller, agent }, random.between(100, 6_000));
    };
  }

  #agent(region: RegionId, files: SimFileDisk): AgentProgram {
    return new AgentProgram({
      region,
      addresses: this.#addresses,
      hosts: this.stream.hosts.filter(({ id }) => id.region === region),
      time: this.clock,
      clock: this.#skewed(region),
      random: this.#random.fork(),
      log: this.#log,
      network: this.network,
      files,
      stream: this.stream,
      temper: this.character.postgres,
      referee: this.referee,
      plant: this.#plant,
    });
  }

  /** Machines started some other day, and run a little fast or slow: 1 % at most. */
  #skewed(region?: RegionId): SkewedClock {
    const rate = this.#random.between(0.99, 1.01);
    if (region) this.#rates.set(region, rate);
    const clock = new SkewedClock(this.clock, this.#random.between(0, 1e9), rate);
    this.#clocks.push(clock);
    return clock;
  }

  #settings(): DatabaseSettings {
    const { systems, leaseTtlMs, leaseMarginMs } = this.character;
    return {
      systems,
      leaseTtlMs,
      leaseMarginMs,
      addressOf: (_, id) => {
        const host = this.stream.hosts.find(
          ({ id: known }) =>
            known.database === id.database &&
            known.region === id.region &&
            known.number === id.number,
        );
        assert(host !== undefined, "every instance has a host");
        return host.address;
      },
      agentAddressOf: (_, region) => {
        const address = this.#addresses.get(region);
        assert(address !== undefined, "every agent has an address");
        return address;
      },
      passwordOf: () => new Secret("simulated"),
      sinceStoppedMs: () => undefined,
    };
  }

  #systemOf({ id }: SimHost): DatabaseSystem {
    const system = this.character.systems.find(
      ({ database, regions }) =>
        database === id.database && regions.some(({ region }) => region === id.region),
    );
    assert(system !== undefined, "every host belongs to a system");
    return system;
  }

  #digest(): string {
    for (const line of this.#lines) this.#trace.update(JSON.stringify(line));
    return this.#trace.update(String(this.clock.monotonicMs())).digest("hex");
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
