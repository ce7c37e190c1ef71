/**
 * The real controller of the databases over a simulated store, and agents that a test plays by hand: they report and
 * fetch their commands by themselves, and answer a command only when the test says what it came to.
 */
import { RecordingLog } from "../sim/log.ts";
import { SimArchive, SimArchiveDisk } from "../sim/archive.ts";
import { SimClock } from "../sim/clock.ts";
import { SeededRandom } from "../sim/random.ts";
import { SimDisk, SimStore } from "../sim/store.ts";
import { DatabaseController } from "../src/database/controller.ts";
import { operationKey, parseOperation } from "../src/database/operation-record.ts";
import { formatRecord, parseRecord, type SystemRecord } from "../src/database/records.ts";
import type { DatabaseSystem } from "../src/database/topology.ts";
import type { Operation, OperationRequest } from "../src/model/operation.ts";
import type { ControllerTerm, OperationId, RegionId } from "../src/model/region.ts";
import { Secret } from "../src/std/secret.ts";
import type { Store } from "../src/store/store.ts";
import { addresses, createdRecord, east, europe, orders, west } from "./database-fixtures.ts";
import { HandMadeAgent } from "./hand-made-agent.ts";

const never = new AbortController().signal;

export const leaseTtlMs = 3_000;
export const leaseMarginMs = 1_000;
/** 100 s: longer than any bound of an operation. */
const patienceMs = 100_000;

export type Commit = Store["commit"];

export type WorldOptions = {
  readonly system?: DatabaseSystem;
  readonly record?: SystemRecord;
};

type Life = { readonly controller: DatabaseController; readonly over: AbortController };

export class ControlledWorld {
  readonly clock = new SimClock();
  readonly archive = new SimArchiveDisk();
  /** What the controllers said, one after the other. */
  readonly log = new RecordingLog();
  readonly agents: ReadonlyMap<RegionId, HandMadeAgent>;
  /** Stands between the controller and its store. */
  onCommit: (commit: Commit) => Commit = (commit) => commit;
  readonly #options: WorldOptions;
  readonly #disk = new SimDisk();
  readonly #over = new AbortController();
  #life: Life | undefined;
  #term = 0;

  constructor(options: WorldOptions) {
    this.#options = options;
    const door = {
      clock: this.clock,
      ask: (region: RegionId, message: Parameters<DatabaseController["handle"]>[1]) =>
        this.#life?.controller.handle(region, message, this.#life.over.signal),
    };
    this.agents = new Map(
      [east, west, europe].map((region) => [region, new HandMadeAgent(region, door)]),
    );
  }

  /** The controller starts; the one before it is gone. */
  async start(): Promise<void> {
    this.kill();
    this.#term += 1;
    const { system = orders } = this.#options;
    const controller = new DatabaseController(
      {
        clock: this.clock,
        log: this.log,
        store: this.#openStore(),
        archive: new SimArchive(this.clock, this.archive),
      },
      {
        systems: [system],
        ...addresses,
        leaseTtlMs,
        leaseMarginMs,
        passwordOf: () => new Secret("secret"),
        sinceStoppedMs: () => undefined,
      },
      this.#term as ControllerTerm,
    );
    const over = new AbortController();
    await controller.load(over.signal);
    this.#life = { controller, over };
    void controller.run(over.signal);
  }

  /** It dies in the middle of whatever it does. */
  kill(): void {
    this.#life?.over.abort(new Error("the controller was killed"));
    this.#life = undefined;
  }

  /** Puts the record where the first controller finds it, and lets everybody report. */
  async begin(): Promise<void> {
    const { record = createdRecord(), system = orders } = this.#options;
    const store = this.#openStore();
    const put = { kind: "put", key: system.key, value: formatRecord(record) } as const;
    await store.commit([], [put], never);
    store.close();
    await this.start();
    for (const agent of this.agents.values()) agent.begin(this.#over.signal);
    await this.until(() => [...this.agents.values()].every(({ isHeard }) => isHeard));
  }

  end(): void {
    this.kill();
    this.#over.abort(new Error("the test is over"));
  }

  get controller(): DatabaseController {
    if (!this.#life) throw new Error("there is no controller now");
    return this.#life.controller;
  }

  agent(region: RegionId): HandMadeAgent {
    const agent = this.agents.get(region);
    if (!agent) throw new Error(`there is no agent in ${region}`);
    return agent;
  }

  operate(request: OperationRequest): Promise<Operation> {
    return this.controller.begin(request, never);
  }

  /** What lies in the store, whatever the controller believes. */
  record(key: string = orders.key): SystemRecord {
    const entry = this.#disk.read(key);
    if (!entry) throw new Error(`there is no record ${key}`);
    return parseRecord(entry, undefined);
  }

  has(key: string): boolean {
    return this.#disk.read(key) !== undefined;
  }

  operation(id: OperationId): Operation {
    const entry = this.#disk.read(operationKey(id));
    if (!entry) throw new Error(`there is no operation ${id}`);
    return parseOperation(entry);
  }

  async ended(id: OperationId): Promise<Operation> {
    await this.until(() => this.operation(id).phase === "ended");
    return this.operation(id);
  }

  /** Lets time pass until it is so. */
  async until(isSo: () => boolean): Promise<void> {
    const endMs = this.clock.monotonicMs() + patienceMs;
    while (!isSo()) {
      if (this.clock.monotonicMs() > endMs) throw new Error(`never: ${isSo.toString()}`);
      await this.clock.sleep(5, never);
    }
  }

  pass(ms: number): Promise<void> {
    return this.clock.sleep(ms, never);
  }

  /** The kinds of the events that people can read, in order. */
  events(): readonly string[] {
    return this.archive.events.map(({ kind }) => kind);
  }

  #openStore(): Store {
    const doors = { clock: this.clock, log: new RecordingLog(), random: new SeededRandom(1) };
    this.#disk.close();
    const store = new SimStore(doors, this.#disk, { latencyMsMax: 0, failureRate: 0 });
    return new Proxy<Store>(store, {
      get: (target, name) => {
        const own = (Reflect.get(target, name) as () => unknown).bind(target);
        // Asked at each commit, because a test changes its mind.
        return name === "commit"
          ? (...asked: Parameters<Commit>) => this.onCommit(own as Commit)(...asked)
          : own;
      },
    });
  }
}

/** Runs the body in a world that it ends; every agent has reported before. */
export async function inWorld(
  body: (world: ControlledWorld) => Promise<void>,
  options: WorldOptions = {},
): Promise<void> {
  const world = new ControlledWorld(options);
  try {
    await world.clock.drive(async () => {
      await world.begin();
      await body(world);
    });
    for (const agent of world.agents.values()) agent.check();
  } finally {
    world.end();
  }
}
