/** The controller as its program runs it: a new term at each start, and a start after each end. */
import { takeTerm } from "../src/controller/term.ts";
import { DatabaseController, type DatabaseSettings } from "../src/database/controller.ts";
import type { Clock, Json } from "../src/env/env.ts";
import type { Address } from "../src/model/address.ts";
import { Failure } from "../src/model/failure.ts";
import type { RegionId } from "../src/model/region.ts";
import { reportAnswer } from "../src/wire/agent-protocol.ts";
import { decode } from "../src/wire/codec.ts";
import { SimArchive, type SimArchiveDisk } from "./archive.ts";
import type { Checkers } from "./checkers.ts";
import { Life, MortalClock } from "./life.ts";
import type { RecordingLog } from "./log.ts";
import type { SimNetwork } from "./network.ts";
import type { Plant } from "./plant.ts";
import type { SeededRandom } from "./random.ts";
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
  readonly clockRateOf: (region: RegionId) => number;
  readonly checkers: Checkers;
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
        this.#machine.checkers.violate(`the controller has a bug: ${say(error)}`);
      return true;
    }
  }

  kill(): void {
    this.#databases = undefined;
    this.#life.end();
  }

  async #live(life: Life): Promise<void> {
    const { random, log, network, disk, archiveDisk, settings, checkers, plant } = this.#machine;
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
    checkers.term("the controller", term);
    const databases = new DatabaseController(
      { clock, log, store: planted, archive },
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
    const answer = await databases.handle(region, message, signal);
    if ((message as { kind?: string }).kind === "report") this.#noteLeases(region, answer);
    return answer;
  }

  #noteLeases(region: RegionId, answer: Json): void {
    const { checkers, clockRateOf } = this.#machine;
    for (const { database, ttlMs } of decode(reportAnswer, "an answer", answer).leases)
      checkers.granted(region, database, ttlMs, clockRateOf(region));
  }
}

function say(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
