/** The controller as its program runs it: a new term at each start, and a start after each end. */
import { takeTerm } from "../src/controller/term.ts";
import { DatabaseController, type DatabaseSettings } from "../src/database/controller.ts";
import { postgresEngine } from "../src/database/postgres-engine.ts";
import type { Clock, Json } from "../src/env/env.ts";
import type { Address } from "../src/model/address.ts";
import { Failure } from "../src/model/failure.ts";
import type { RegionId } from "../src/model/region.ts";
import type { Assignment, LeaseGrant } from "../src/model/assignment.ts";
import type { InstanceReport } from "../src/model/instance.ts";
import { SimArchive, type SimArchiveDisk } from "./archive.ts";
import type { SimClock } from "./clock.ts";
import { Life, MortalClock } from "./life.ts";
import type { RecordingLog } from "./log.ts";
import type { SimNetwork } from "./network.ts";
import type { Plant } from "./plant.ts";
import type { SeededRandom } from "./random.ts";
import type { Referee } from "./referee.ts";
import { SimStore, type SimDisk, type SimStoreFaults } from "./store.ts";

export const controllerPlace = "controller";
export const controllerAddress: Address = { host: "127.0.0.1", port: 7401 };

export type ControllerMachine = {
  readonly clock: Clock;
  readonly random: SeededRandom;
  readonly log: RecordingLog;
  readonly network: SimNetwork;
  readonly disk: SimDisk;
  readonly archiveDisk: SimArchiveDisk;
  readonly storeFaults: SimStoreFaults;
  readonly settings: DatabaseSettings;
  readonly time: SimClock;
  readonly referee: Referee;
  readonly plant: Plant;
};

const never = new AbortController().signal;

export class ControllerProgram {
  readonly #machine: ControllerMachine;
  #life = new Life();
  #databases: DatabaseController | undefined;

  constructor(machine: ControllerMachine) {
    this.#machine = machine;
  }

  /** Undefined while it is down or starts. */
  get databases(): DatabaseController | undefined {
    return this.#databases;
  }

  /** Runs it until it is killed. Answers true when it ended by a failure of the world, and wants a new start. */
  async run(): Promise<boolean> {
    this.kill();
    const life = new Life();
    this.#life = life;
    try {
      await life.live(this.#live(life));
      return false;
    } catch (error) {
      if (!(error instanceof Failure))
        this.#machine.referee.violate(`the controller has a bug: ${say(error)}`);
      return true;
    }
  }

  kill(): void {
    this.#databases = undefined;
    this.#life.end();
  }

  async #live(life: Life): Promise<void> {
    const { random, log, network, disk, archiveDisk, settings, referee, plant } = this.#machine;
    const clock = new MortalClock(this.#machine.clock, life);
    const store = new SimStore(
      { clock, log, random: random.fork() },
      disk,
      this.#machine.storeFaults,
    );
    const archive = new SimArchive(clock, archiveDisk);
    const node = network.join(controllerPlace, clock);
    life.onEnd(() => store.crash());
    life.onEnd(() => node.crash());
    const planted = plant.store?.(store) ?? store;
    const term = await life.live(takeTerm(planted, never));
    referee.checkers.term("the controller", term);
    const databases = new DatabaseController(
      {
        clock,
        log,
        store: planted,
        archive,
        engine: plant.engine?.(postgresEngine) ?? postgresEngine,
      },
      settings,
      term,
    );
    await life.live(databases.load(never));
    await node.serve(
      controllerAddress,
      (token) => token,
      (peer, message, signal) => this.#answer(databases, peer as RegionId, message, signal),
      never,
    );
    this.#databases = databases;
    await databases.run(never);
  }

  async #answer(
    databases: DatabaseController,
    region: RegionId,
    message: Json,
    signal: AbortSignal,
  ): Promise<Json> {
    const askedAtMs = this.#machine.time.monotonicMs();
    const answer = await databases.handle(region, message, signal);
    this.#note(region, askedAtMs, message as Asked, answer as Said);
    return answer;
  }

  #note(region: RegionId, askedAtMs: number, asked: Asked, said: Said): void {
    const { bounds } = this.#machine.referee;
    if (!said.assignments || !said.leases) return;
    const { assignments, leases } = said;
    bounds.answered(region, askedAtMs, { assignments, leases });
    if (!said.isTaken) return;
    for (const { database, epoch, version } of asked.instances ?? [])
      if (epoch !== undefined && epoch !== null) bounds.follows(region, database, epoch, version);
  }
}

/** What a checker reads of the messages, as they are written. */
type Asked = { readonly instances?: readonly InstanceReport[] };
type Said = {
  readonly assignments?: readonly Assignment[];
  readonly leases?: readonly LeaseGrant[];
  readonly isTaken?: boolean;
};

function say(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
