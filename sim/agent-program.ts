/** An agent as its program runs it. Its servers, its guard and its files outlive it. */
import { RegionAgent } from "../src/database/region-agent.ts";
import type { Clock, Json, Network } from "../src/env/env.ts";
import type { Address } from "../src/model/address.ts";
import {
  formatInstance,
  type DatabaseId,
  type Epoch,
  type InstanceId,
  type RegionId,
} from "../src/model/region.ts";
import { LocalGate } from "../src/engine/local-gate.ts";
import { assert } from "../src/std/assert.ts";
import type { SimClock } from "./clock.ts";
import { controllerAddress } from "./controller-program.ts";
import { SimFiles, type SimFileDisk } from "./files.ts";
import { GuardProgram } from "./guard-program.ts";
import type { SimHost } from "./host.ts";
import { SimLeaseBoard, type SimBoard } from "./lease-board.ts";
import { Life, MortalClock, MortalNetwork } from "./life.ts";
import type { RecordingLog } from "./log.ts";
import type { SimNetwork } from "./network.ts";
import type { Plant } from "./plant.ts";
import { SimPostgres, type PostgresTemper } from "./postgres.ts";
import type { SeededRandom } from "./random.ts";
import type { Referee } from "./referee.ts";
import type { WalStream } from "./stream.ts";

export type AgentMachine = {
  readonly region: RegionId;
  /** Where the agents of all Regions listen. */
  readonly addresses: ReadonlyMap<RegionId, Address>;
  readonly hosts: readonly SimHost[];
  /** True time, for what PostgreSQL does; the agent has `clock`. */
  readonly time: SimClock;
  readonly clock: Clock;
  readonly random: SeededRandom;
  readonly log: RecordingLog;
  readonly network: SimNetwork;
  readonly files: SimFileDisk;
  readonly stream: WalStream;
  readonly temper: PostgresTemper;
  readonly referee: Referee;
  readonly plant: Plant;
};

const statePath = "agent.json";
/** As the real program has it: all instances stop within this, or are left to the supervisor. */
const leaveTimeoutMs = 25_000;
/** The agent starts a guard that ended; it takes about this long to be there. */
const guardStartMs = 200;

const never = new AbortController().signal;

type PromiseQuestion = {
  readonly kind: "promise";
  readonly database: DatabaseId;
  readonly epoch: Epoch;
  readonly ttlMs: number;
};

export class AgentProgram {
  readonly #machine: AgentMachine;
  readonly #board: SimBoard = { generation: 0, leases: [] };
  readonly guard: GuardProgram;
  #life = new Life();
  #stop = new AbortController();

  constructor(machine: AgentMachine) {
    this.#machine = machine;
    this.#life.end();
    const { hosts, clock, stream } = machine;
    this.guard = new GuardProgram({ hosts, clock, stream, board: this.#board });
  }

  get region(): RegionId {
    return this.#machine.region;
  }

  get hosts(): readonly SimHost[] {
    return this.#machine.hosts;
  }

  get life(): Life {
    return this.#life;
  }

  get isAlive(): boolean {
    return this.#life.isAlive;
  }

  /** Whether agent and guard both do their work: the Region may lose one of them, not both. */
  get isWhole(): boolean {
    const isAwake = ({ isAlive, isPaused }: Life): boolean => isAlive && !isPaused;
    const isGuarded = this.#machine.plant.guardIsMissing || isAwake(this.guard.life);
    return isAwake(this.#life) && isGuarded;
  }

  /** Starts it; it runs until it is killed or stopped. */
  start(): void {
    assert(!this.isAlive, "an agent is started once");
    const life = new Life();
    this.#life = life;
    this.#stop = new AbortController();
    this.#live(life, this.#stop.signal).catch((error: unknown) => {
      const said = error instanceof Error ? (error.stack ?? error.message) : String(error);
      this.#machine.referee.violate(`the agent of ${this.#machine.region} has a bug: ${said}`);
      life.end();
    });
    this.reviveGuard();
  }

  /** Asks it to end: it stops its servers first. */
  stop(): void {
    this.#stop.abort(new Error("the supervisor asked for a clean end"));
  }

  /** SIGKILL of the agent alone: its servers go on. */
  kill(): void {
    this.#life.end();
  }

  /** SIGKILL of the guard alone; the agent starts another one. */
  killGuard(): void {
    this.guard.life.end();
    this.#machine.time.after(guardStartMs, () => this.reviveGuard());
  }

  reviveGuard(): void {
    if (this.#machine.plant.guardIsMissing) return;
    if (this.isAlive && !this.guard.life.isAlive) this.guard.start();
  }

  /** SIGKILL of everything in the Region. */
  killRegion(): void {
    this.kill();
    this.guard.life.end();
    this.#machine.stream.settle();
    for (const host of this.#machine.hosts) host.endServer("it was killed");
  }

  async #live(life: Life, signal: AbortSignal): Promise<void> {
    const { region, hosts, addresses, referee, random, log, plant, stream, temper, time } =
      this.#machine;
    const clock = new MortalClock(this.#machine.clock, life);
    const node = this.#machine.network.join(region, clock);
    life.onEnd(() => node.crash());
    const noteTerm = (text: string): void =>
      referee.checkers.term(`the agent of ${region}`, (JSON.parse(text) as { term: number }).term);
    const disk = new SimFiles(this.#machine.files, life, (_, text) => noteTerm(text));
    const files = plant.files?.(disk) ?? disk;
    noteTerm(files.read(statePath) ?? '{"term":0}');
    const mortal = new MortalNetwork(node, life);
    const network = plant.network?.(mortal, clock) ?? mortal;
    const doors = { clock: time, life, stream, witness: referee };
    const board = new SimLeaseBoard(this.#board, this.#machine.files, life);
    const gates = new Map<DatabaseId, LocalGate>();
    const agent = new RegionAgent(
      {
        clock,
        log: log.child({ region }),
        network,
        files,
        board,
        gateOf: (database) => {
          const gate = gates.get(database) ?? new LocalGate(clock);
          gates.set(database, gate);
          return gate;
        },
        // Clients here go to the servers themselves, through their Region's gate.
        gateway: { routesChanged: () => undefined, facts: () => undefined },
        addressOf: (id) => this.#hostOf(id).address,
        postgresOf: (id) => {
          const postgres = new SimPostgres(
            this.#hostOf(id),
            { ...doors, random: random.fork() },
            temper,
          );
          return plant.postgres?.(postgres) ?? postgres;
        },
      },
      {
        instances: hosts.map(({ id }) => id),
        controller: controllerAddress,
        token: region,
        statePath,
        peers: [...addresses]
          .filter(([peer]) => peer !== region)
          .map(([peer, address]) => ({ region: peer, address, token: region })),
      },
    );
    await this.#servePeers(network, agent);
    await life.live(agent.run(signal));
    const late = new AbortController();
    time.after(leaveTimeoutMs, () => late.abort());
    await life.live(agent.leave(late.signal));
    life.end();
  }

  #hostOf(id: InstanceId): SimHost {
    const host = this.hosts.find((one) => formatInstance(one.id) === formatInstance(id));
    assert(host !== undefined, "an agent asks for its own instances");
    return host;
  }

  async #servePeers(network: Network, agent: RegionAgent): Promise<void> {
    const { region, addresses } = this.#machine;
    const address = addresses.get(region);
    assert(address !== undefined, "every agent has an address");
    await network.serve(
      address,
      (token) => token,
      (peer, message, signal) => this.#answerPeer(agent, peer as RegionId, message, signal),
      never,
    );
  }

  async #answerPeer(
    agent: RegionAgent,
    peer: RegionId,
    message: Json,
    signal: AbortSignal,
  ): Promise<Json> {
    const { referee, time, region } = this.#machine;
    const askedAtMs = time.monotonicMs();
    const answer = await agent.handlePeer(peer, message, signal);
    const asked = message as PromiseQuestion | { readonly kind: "ping" };
    if (asked.kind === "promise" && (answer as { isGiven?: boolean }).isGiven === true) {
      const { database, epoch, ttlMs } = asked;
      referee.bounds.promised(region, { region: peer, database, epoch }, askedAtMs, ttlMs);
    }
    return answer;
  }
}
