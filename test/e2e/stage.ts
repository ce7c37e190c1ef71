/** Stories on real processes: a world of two Regions, with clients that write to whatever server takes it. */
import { assert } from "../../src/std/assert.ts";
import { east, west, type Ending, type RegionName, type Stage } from "../../scenarios/stage.ts";
import type { ApiOperation, ApiOperationKind } from "../../src/api/operations-api.ts";
import { StageClients, type StageAck } from "./stage-clients.ts";
import { handOvers, thawBehind, type Thaw } from "./stage-hand-overs.ts";
import { untilEnded, untilOperation } from "./operations.ts";
import { until } from "./until.ts";
import { startWorld, type World } from "./world.ts";

/** 60 s: a lease, a fence, a clone, on a machine that does other things as well. */
const waitMsMax = 60_000;
const proofCommits = 10;
const silenceMs = 2_000;

export class RealStage implements Stage, AsyncDisposable {
  readonly world: World;
  readonly #clients: StageClients;
  readonly #frozen = new Map<RegionName, ReadonlySet<number>>();
  #victim: "controller" | RegionName | undefined;
  readonly #thaws: Thaw[] = [];
  #completed = 0;

  private constructor(world: World, clients: StageClients) {
    this.world = world;
    this.#clients = clients;
  }

  static async begin(): Promise<RealStage> {
    const world = await startWorld();
    try {
      await world.untilReady();
      return new RealStage(world, await StageClients.start(world));
    } catch (error) {
      await world[Symbol.asyncDispose]();
      throw error;
    }
  }

  switchover(to: RegionName): Promise<Ending> {
    return this.#operate("switchover", to);
  }

  failover(to: RegionName): Promise<Ending> {
    return this.#operate("failover", to);
  }

  isolate(region: RegionName): Promise<void> {
    return this.#region(region, "isolate");
  }

  heal(region: RegionName): Promise<void> {
    return this.#region(region, "heal");
  }

  kill(region: RegionName): Promise<void> {
    return this.#region(region, "kill");
  }

  start(region: RegionName): Promise<void> {
    return this.#region(region, "start");
  }

  async freeze(region: RegionName): Promise<void> {
    const frozen = new Set<number>();
    this.#frozen.set(region, frozen);
    // Again until nobody is new: a backend that was forked while they were listed would run on, with nobody to end it.
    for (let before = -1; before !== frozen.size; ) {
      before = frozen.size;
      for (const { pid } of this.world.processesIn(region)) {
        if (!frozen.has(pid)) signal(pid, "SIGSTOP");
        frozen.add(pid);
      }
    }
  }

  async thaw(region: RegionName): Promise<void> {
    const frozen = this.#frozen.get(region);
    if (frozen === undefined) return;
    this.#frozen.delete(region);
    // No client sends anything between this and the last signal.
    this.#thaws.push({ region, atMs: performance.now() });
    for (const pid of frozen) signal(pid, "SIGCONT");
  }

  killAtClaim(victim: "controller" | RegionName): void {
    this.#victim = victim;
  }

  async passTime(ms: number): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, ms));
  }

  async expectWriter(region: RegionName): Promise<void> {
    const { acks } = this.#clients;
    let seen = acks.length;
    let inRow = 0;
    await until(`${region} writes`, waitMsMax, async () => {
      for (const ack of acks.slice(seen)) inRow = ack.region === region ? inRow + 1 : 0;
      seen = acks.length;
      return inRow >= proofCommits;
    });
  }

  async expectNoWriter(): Promise<void> {
    const before = this.#clients.acks.length;
    await this.passTime(silenceMs);
    assert(this.#clients.acks.length === before, "nobody acknowledges a write");
  }

  async expectSecondary(region: RegionName): Promise<void> {
    await this.world.untilStatus(`${region} streams`, waitMsMax, ({ databases }) => {
      const member = databases["orders"]?.members[region];
      return member?.role === "secondary" && member.instances[0]?.state === "serving";
    });
  }

  async expectNothingLost(): Promise<void> {
    const missing = await this.#clients.missing();
    assert(missing.length === 0, `${missing.length} acknowledged commits are not on the primary`);
  }

  /** Where something is missing, the Region keeps evidence. What is in it, the tests of PostgreSQL's door show. */
  async expectLossInEvidence(region: RegionName): Promise<void> {
    const missing = await this.#clients.missing();
    if (missing.length === 0) return;
    // The Region comes back fenced, and sets its data aside before it is built anew.
    await until(`evidence of ${missing.length} lost commits`, waitMsMax, async () => {
      const { snapshots } = await this.#ask<{
        snapshots: readonly { readonly region: string }[];
      }>("GET", "/v1/snapshots");
      return snapshots.some((snapshot) => snapshot.region === region);
    });
  }

  /** Each completed operation moves the writer once: when it moved more often, two wrote at a time, and this is all of it. */
  get surplusHandOvers(): readonly string[] {
    const seen = handOvers(this.#clients.acks, this.#thaws);
    return seen.length > this.#completed ? seen.map((ack) => this.#describe(ack)) : [];
  }

  /** What old writers answered when they thawed, which is the stated exception. */
  get thawedAcks(): readonly string[] {
    const { acks } = this.#clients;
    return acks.filter((ack) => thawBehind(ack, this.#thaws)).map((ack) => this.#describe(ack));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const region of [east, west] as const) await this.thaw(region);
    await this.#clients.stop();
    await this.world[Symbol.asyncDispose]();
  }

  async #operate(kind: ApiOperationKind, to: RegionName): Promise<Ending> {
    const body = { kind, to, allowDataLoss: kind === "failover" };
    const begun = await this.#ask<ApiOperation & { readonly message?: string }>(
      "POST",
      "/v1/databases/orders/operations",
      body,
    );
    if (begun.id === undefined)
      return { outcome: "refused", because: begun.message ?? JSON.stringify(begun) };
    const { phase } = await untilOperation(this.world, begun.id, 2 * waitMsMax, (seen) => {
      return seen.phase === "claimed" || seen.phase === "ended";
    });
    if (phase === "claimed") await this.#strike();
    const { outcome, because } = await untilEnded(this.world, begun.id, 2 * waitMsMax);
    assert(outcome !== "running", "what has ended does not run");
    if (outcome === "completed") this.#completed += 1;
    return { outcome, because };
  }

  #describe({ id, region, sentAtMs, atMs }: StageAck): string {
    const thaw = this.#thaws.findLast((one) => one.region === region);
    const since = (ms: number): string => `${(ms - (thaw?.atMs ?? 0)).toFixed(1)} ms`;
    const origin = thaw ? "its thaw" : "the beginning of the tests";
    return `row ${id} by ${region}: sent ${since(sentAtMs)}, acknowledged ${since(atMs)} after ${origin}`;
  }

  async #strike(): Promise<void> {
    const victim = this.#victim;
    this.#victim = undefined;
    if (victim === "controller") signal(this.world.program("controller"), "SIGKILL");
    else if (victim !== undefined) await this.kill(victim);
  }

  async #region(region: RegionName, action: string): Promise<void> {
    await this.#ask("POST", `/v1/regions/${region}/${action}`);
  }

  async #ask<T>(method: "GET" | "POST", path: string, body?: unknown): Promise<T> {
    const answer = await fetch(`${this.world.apiUrl}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${this.world.apiToken}`,
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(30_000),
    });
    return (await answer.json()) as T;
  }
}

function signal(pid: number, name: "SIGSTOP" | "SIGCONT" | "SIGKILL"): void {
  try {
    process.kill(pid, name);
  } catch {
    // It has ended by itself.
  }
}
