/** Stories on simulated processes: a calm world, in which only the story makes trouble. */
import { operationPrefix } from "../src/database/operation-record.ts";
import type { OperationKind } from "../src/model/operation.ts";
import { Failure } from "../src/model/failure.ts";
import type { DatabaseId, OperationId, RegionId } from "../src/model/region.ts";
import { assert } from "../src/std/assert.ts";
import { east, west, type Ending, type RegionName, type Stage } from "../scenarios/stage.ts";
import type { AgentProgram } from "./agent-program.ts";
import { drawCharacter, type Character } from "./character.ts";
import { strike, type Victim } from "./deaths.ts";
import { freezeRegion, startIfDown } from "./faults.ts";
import type { SimHost } from "./host.ts";
import { SeededRandom } from "./random.ts";
import { SimWorld } from "./world.ts";

/** 120 s of simulated time for whatever a story waits for. */
const waitMsMax = 120_000;
const stepMs = 50;
/** A writer shows itself by this many commits in a row. */
const proofCommits = 10;
/** No writer shows itself by no commit for so long. */
const silenceMs = 2_000;
/** The supervisor starts the controller again. */
const controllerBackMs = 1_000;

const never = new AbortController().signal;

export class SimStage implements Stage {
  readonly world: SimWorld;
  readonly #thaws = new Map<RegionName, () => void>();
  #victim: "controller" | RegionName | undefined;
  /** Entries of operations' journals so far. */
  #steps = 0;
  #death: { readonly atStep: number; readonly die: () => void } | undefined;

  constructor(seed: number) {
    this.world = new SimWorld(seed, undefined, calmCharacter(seed));
    const { storeDisk } = this.world.targets;
    const { onWrite } = storeDisk;
    storeDisk.onWrite = (changes) => {
      const before = this.#epoch();
      onWrite(changes);
      if (changes.some(({ key }) => key.startsWith(operationPrefix))) this.#stepped();
      if (this.#epoch() !== before && before !== undefined) this.#claimed();
    };
  }

  /** Brings the world up and plays; time passes by itself meanwhile. */
  async run(play: (stage: Stage) => Promise<void>): Promise<void> {
    await this.world.clock.drive(async () => {
      this.world.begin();
      await this.#until("everything serves", () => {
        const record = this.world.referee.truth.record("systems/orders");
        return this.world.waitsFor().length === 0 && record?.candidates.length === 1;
      });
      await play(this);
    });
  }

  switchover(to: RegionName): Promise<Ending> {
    return this.#operate("switchover", to);
  }

  failover(to: RegionName): Promise<Ending> {
    return this.#operate("failover", to);
  }

  async isolate(region: RegionName): Promise<void> {
    this.#ways(region, (a, b) => this.world.network.cut(a, b));
  }

  async heal(region: RegionName): Promise<void> {
    this.#ways(region, (a, b) => this.world.network.mend(a, b));
  }

  async kill(region: RegionName): Promise<void> {
    this.#agent(region).killRegion();
  }

  async start(region: RegionName): Promise<void> {
    startIfDown(this.#agent(region));
  }

  async freeze(region: RegionName): Promise<void> {
    this.#thaws.set(region, freezeRegion(this.#agent(region), this.world.targets));
  }

  async thaw(region: RegionName): Promise<void> {
    this.#thaws.get(region)?.();
  }

  killAtClaim(victim: "controller" | RegionName): void {
    this.#victim = victim;
  }

  /** How many journal entries there were. */
  get steps(): number {
    return this.#steps;
  }

  /** Somebody dies within the `step`-th journal entry from now on, and comes back a second later. */
  dieAtStep(step: number, victim: Victim, region: RegionName): void {
    const { clock, targets } = this.world;
    const mortals = { clock, controller: targets.controller, agent: this.#agent(region) };
    this.#steps = 0;
    this.#death = { atStep: step, die: () => strike(victim, mortals, controllerBackMs) };
  }

  /** Everything is well again: all serve, and no operation goes on. */
  async expectPeace(): Promise<void> {
    const { truth } = this.world.referee;
    await this.#until("everything serves", () => {
      return this.world.waitsFor().length === 0 && truth.runningOperations().length === 0;
    });
    const writer = truth.record("systems/orders")?.primary;
    await this.expectWriter(writer === east ? east : west);
  }

  passTime(ms: number): Promise<void> {
    return this.world.clock.sleep(ms, never);
  }

  async expectWriter(region: RegionName): Promise<void> {
    let inRow = 0;
    let seen = this.#acks().length;
    await this.#until(`${region} writes`, () => {
      for (const { host } of this.#acks().slice(seen))
        inRow = host.id.region === region ? inRow + 1 : 0;
      seen = this.#acks().length;
      return inRow >= proofCommits;
    });
  }

  async expectNoWriter(): Promise<void> {
    const before = this.#acks().length;
    await this.passTime(silenceMs);
    assert(this.#acks().length === before, "nobody acknowledges a write");
  }

  async expectSecondary(region: RegionName): Promise<void> {
    await this.#until(`${region} streams`, () => {
      const report = this.world.report(this.#host(region));
      return report?.role === "secondary" && report.state.kind === "serving";
    });
  }

  async expectNothingLost(): Promise<void> {
    const missing = this.world.referee.truth.missing("systems/orders");
    assert(missing.length === 0, `${missing.length} acknowledged commits are not on the primary`);
  }

  async expectLossInEvidence(region: RegionName): Promise<void> {
    const missing = this.world.referee.truth.missing("systems/orders");
    const lost = missing.filter((commit) => !this.world.referee.truth.isInEvidence(commit));
    assert(lost.length === 0, `${lost.length} commits are neither on the primary nor in ${region}`);
  }

  async #operate(kind: OperationKind, to: RegionName): Promise<Ending> {
    const { controller } = this.world.targets;
    const request = {
      kind,
      database: "orders" as DatabaseId,
      to: to as string as RegionId,
      requestedBy: "person",
      allowDataLoss: true,
      expectPrimary: undefined,
      overrideFence: undefined,
      pins: "refuse",
    } as const;
    try {
      assert(controller.databases !== undefined, "the controller is there");
      const { id } = await controller.databases.begin(request, never);
      return await this.#ended(id);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      return { outcome: "refused", because: error.message };
    }
  }

  async #ended(id: OperationId): Promise<Ending> {
    let ending: Ending | undefined;
    await this.#until(`${id} ends`, () => {
      const found = this.world.referee.truth.operation(id);
      if (found === undefined || found.outcome === "running") return false;
      ending = { outcome: found.outcome, because: found.because };
      return true;
    });
    assert(ending !== undefined, "an operation that ended has an end");
    return ending;
  }

  #stepped(): void {
    this.#steps += 1;
    if (this.#death?.atStep === this.#steps) this.#death.die();
  }

  #claimed(): void {
    const victim = this.#victim;
    this.#victim = undefined;
    if (victim === undefined) return;
    const { clock, targets } = this.world;
    const mortals = { clock, controller: targets.controller };
    if (victim === "controller")
      strike("controller", { ...mortals, agent: this.#agent(east) }, controllerBackMs);
    else this.#agent(victim).killRegion();
  }

  async #until(what: string, holds: () => boolean): Promise<void> {
    const { clock } = this.world;
    const endMs = clock.monotonicMs() + waitMsMax;
    while (!holds()) {
      if (clock.monotonicMs() > endMs) throw new Error(`Not within ${waitMsMax} ms: ${what}`);
      await clock.sleep(stepMs, never);
    }
  }

  #ways(region: RegionName, change: (from: string, to: string) => void): void {
    this.world.stream.settle();
    for (const place of this.world.targets.places) {
      if (place === region) continue;
      change(region, place);
      change(place, region);
    }
  }

  #epoch(): number | undefined {
    return this.world.referee.truth.record("systems/orders")?.epoch;
  }

  #acks(): readonly { readonly host: SimHost }[] {
    return this.world.referee.truth.acksOf("systems/orders");
  }

  #agent(region: RegionName): AgentProgram {
    const found = this.world.targets.agents.find((agent) => agent.region === region);
    assert(found !== undefined, "every Region has an agent");
    return found;
  }

  #host(region: RegionName): SimHost {
    const [host] = this.#agent(region).hosts;
    assert(host !== undefined, "every Region has an instance");
    return host;
  }
}

/** Two Regions, 30 ms apart, one database, and no faults but those of the story. */
function calmCharacter(seed: number): Character {
  const drawn = drawCharacter(new SeededRandom(seed));
  const [orders] = drawn.systems;
  assert(orders !== undefined, "there is a global database");
  const regions = [east, west] as readonly string[] as readonly RegionId[];
  return {
    ...drawn,
    regions,
    systems: [
      {
        ...orders,
        firstPrimary: east as string as RegionId,
        regions: regions.map((region) => ({ region, instances: 1 })),
        failover: "manual",
        rejoin: "automatic",
        rpoGuardMs: 0,
      },
    ],
    network: { latencyMsMin: 20, latencyMsMax: 40, lossRate: 0, stallRate: 0, stallMsMax: 0 },
    store: { latencyMsMax: 0, failureRate: 0 },
    postgres: { ...drawn.postgres, failureRate: 0 },
    leaseTtlMs: 3_000,
    leaseMarginMs: 1_000,
    writeEveryMs: 50,
    operateEveryMs: undefined,
    deathAtStepRate: 0,
  };
}
