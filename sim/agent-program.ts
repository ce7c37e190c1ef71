/** An agent as its program runs it. Its servers and its files outlive it. */
import { RegionAgent } from "../src/database/region-agent.ts";
import type { Clock } from "../src/env/env.ts";
import { formatInstance, type RegionId } from "../src/model/region.ts";
import { assert } from "../src/std/assert.ts";
import type { Checkers } from "./checkers.ts";
import type { SimClock } from "./clock.ts";
import { controllerAddress } from "./controller-program.ts";
import { SimFiles, type SimFileDisk } from "./files.ts";
import type { SimHost } from "./host.ts";
import { Life, MortalClock } from "./life.ts";
import type { RecordingLog } from "./log.ts";
import type { SimNetwork } from "./network.ts";
import type { Plant } from "./plant.ts";
import { SimPostgres, type PostgresTemper } from "./postgres.ts";
import type { SeededRandom } from "./random.ts";
import type { WalStream } from "./stream.ts";

export type AgentMachine = {
  readonly region: RegionId;
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
  readonly checkers: Checkers;
  readonly plant: Plant;
};

const statePath = "agent.json";
/** As the real program has it: all instances stop within this, or are left to the supervisor. */
const leaveTimeoutMs = 25_000;

export class AgentProgram {
  readonly #machine: AgentMachine;
  #life = new Life();
  #stop = new AbortController();

  constructor(machine: AgentMachine) {
    this.#machine = machine;
    this.#life.end();
  }

  get isAlive(): boolean {
    return this.#life.isAlive;
  }

  /** Starts it; it runs until it is killed or stopped. */
  start(): void {
    assert(!this.isAlive, "an agent is started once");
    const life = new Life();
    this.#life = life;
    this.#stop = new AbortController();
    this.#live(life, this.#stop.signal).catch((error: unknown) => {
      const said = error instanceof Error ? (error.stack ?? error.message) : String(error);
      this.#machine.checkers.violate(`the agent of ${this.#machine.region} has a bug: ${said}`);
      life.end();
    });
  }

  /** Asks it to end: it stops its servers first. */
  stop(): void {
    this.#stop.abort(new Error("the supervisor asked for a clean end"));
  }

  /** SIGKILL of the agent alone: its servers go on. */
  kill(): void {
    this.#life.end();
  }

  /** SIGKILL of everything in the Region. */
  killRegion(): void {
    this.kill();
    this.#machine.stream.settle();
    for (const host of this.#machine.hosts) host.endServer("it was killed");
  }

  async #live(life: Life, signal: AbortSignal): Promise<void> {
    const { region, hosts, checkers, random, log, plant, stream, temper, time } = this.#machine;
    const clock = new MortalClock(this.#machine.clock, life);
    const node = this.#machine.network.join(region, clock);
    life.onEnd(() => node.crash());
    const noteTerm = (text: string): void =>
      checkers.term(`the agent of ${region}`, (JSON.parse(text) as { term: number }).term);
    const disk = new SimFiles(this.#machine.files, life, (_, text) => noteTerm(text));
    const files = plant.files?.(disk) ?? disk;
    noteTerm(files.read(statePath) ?? '{"term":0}');
    const doors = { clock: time, life, stream, witness: checkers };
    const agent = new RegionAgent(
      {
        clock,
        log: log.child({ region }),
        network: plant.network?.(node) ?? node,
        files,
        postgresOf: (id) => {
          const host = hosts.find((one) => formatInstance(one.id) === formatInstance(id));
          assert(host !== undefined, "an agent asks for its own instances");
          const postgres = new SimPostgres(host, { ...doors, random: random.fork() }, temper);
          return plant.postgres?.(postgres) ?? postgres;
        },
      },
      {
        instances: hosts.map(({ id }) => id),
        controller: controllerAddress,
        token: region,
        statePath,
      },
    );
    await life.live(agent.run(signal));
    const late = new AbortController();
    this.#machine.time.after(leaveTimeoutMs, () => late.abort());
    await life.live(agent.leave(late.signal));
    life.end();
  }
}
