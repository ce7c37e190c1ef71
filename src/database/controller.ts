/**
 * The controller's side of the databases: gathers what agents report and the store remembers, decides, and
 * gives commands. Records are changed by `upkeep.ts` and `operations.ts` alone.
 */
import type { Archive } from "../archive/archive.ts";
import type { Clock, Json, Log } from "../env/env.ts";
import { pause } from "../env/pause.ts";
import { describeError, Failure } from "../model/failure.ts";
import type { Operation, OperationPreview, OperationRequest } from "../model/operation.ts";
import type { ControllerTerm, DatabaseId, OperationId, RegionId } from "../model/region.ts";
import { AssertionError } from "../std/assert.ts";
import { Bell } from "../std/bell.ts";
import type { Secret } from "../std/secret.ts";
import type { Store } from "../store/store.ts";
import { AgentDesk } from "./agent-desk.ts";
import { ChangeCount } from "./change-count.ts";
import { CommandDesk } from "./command-desk.ts";
import { EventWriter } from "./event-writer.ts";
import { EvidenceDesk, type KeptEvidence } from "./evidence-desk.ts";
import { Instructions } from "./instructions.ts";
import { LeaseBook } from "./lease-book.ts";
import { operationEvents } from "./operation-events.ts";
import { Operations } from "./operations.ts";
import { PolicyFailover } from "./policy-failover.ts";
import { postgresEngine, type DatabaseEngine } from "./postgres-engine.ts";
import { RecordBook } from "./record-book.ts";
import { firstRecord } from "./records.ts";
import { Reports, type GatewayReading } from "./reports.ts";
import { retryConflicts } from "./retry-conflicts.ts";
import { StepWatch } from "./step-watch.ts";
import { snapshotOf, type SystemSnapshot } from "./system-snapshot.ts";
import { Systems } from "./systems.ts";
import type { AddressOf, AgentAddressOf, DatabaseSystem } from "./topology.ts";
import { Upkeep } from "./upkeep.ts";

/** 1 s: the pace when nothing rings the bell; reports and changes ring it. */
const tickMs = 1_000;

export type DatabaseDoors = {
  readonly clock: Clock;
  readonly log: Log;
  readonly store: Store;
  readonly archive: Archive;
  /** Left out: PostgreSQL as Leeward's own processes. */
  readonly engine?: DatabaseEngine;
};

export type DatabaseSettings = {
  readonly systems: readonly DatabaseSystem[];
  readonly addressOf: AddressOf;
  readonly agentAddressOf: AgentAddressOf;
  readonly leaseTtlMs: number;
  readonly leaseMarginMs: number;
  /** The passwords of a database's roles. */
  readonly passwordOf: (database: DatabaseId, role: string) => Secret;
  /** Since a person's stop of the Region was over, in ms; 0 while it lasts. Undefined: nobody stopped it. */
  readonly sinceStoppedMs: (region: RegionId) => number | undefined;
};

export class DatabaseController {
  readonly #doors: DatabaseDoors;
  readonly #settings: DatabaseSettings;
  readonly #bell = new Bell();
  readonly #changes: ChangeCount;
  readonly #events: EventWriter;
  readonly #reports: Reports;
  readonly #records: RecordBook;
  readonly #systems: Systems;
  readonly #commands: CommandDesk;
  readonly #leases: LeaseBook;
  readonly #watch: StepWatch;
  readonly #operations: Operations;
  readonly #policy: PolicyFailover;
  readonly #upkeep: Upkeep;
  readonly #evidence: EvidenceDesk;
  readonly #agents: AgentDesk;

  constructor(doors: DatabaseDoors, settings: DatabaseSettings, term: ControllerTerm) {
    const { clock, log, engine = postgresEngine } = doors;
    this.#doors = doors;
    this.#settings = settings;
    this.#changes = new ChangeCount(clock);
    this.#events = new EventWriter(doors.archive, log);
    const reports = new Reports(clock, term);
    const records = new RecordBook(doors.store, (...change) => this.#noteOperation(...change));
    const commands = new CommandDesk(clock, term);
    const systems = new Systems(settings.systems, records);
    const { leaseTtlMs: ttlMs, leaseMarginMs: marginMs } = settings;
    const leases = new LeaseBook(clock, { ttlMs, marginMs });
    const instructions = new Instructions({ systems, records, leases }, settings, term);
    const watch = new StepWatch(clock, () => this.#changes.note());
    this.#reports = reports;
    this.#records = records;
    this.#systems = systems;
    this.#commands = commands;
    this.#leases = leases;
    this.#watch = watch;

    const known = { clock, log, records, reports, commands, systems, events: this.#events };
    const { addressOf, passwordOf, sinceStoppedMs } = settings;
    this.#operations = new Operations({ ...known, leases, engine, addressOf, watch });
    this.#policy = new PolicyFailover({
      ...known,
      operations: this.#operations,
      sinceStoppedMs,
      begin: (request, signal) => this.begin(request, signal),
    });
    this.#upkeep = new Upkeep({
      ...known,
      addressOf,
      passwordOf,
      changed: (system) => this.#poke(system),
    });
    this.#evidence = new EvidenceDesk(known);
    this.#agents = new AgentDesk({ ...known, instructions, bell: this.#bell });
  }

  /** Reads the records, and makes those of systems that are new. Comes before all other methods. */
  async load(signal: AbortSignal): Promise<void> {
    const wallMs = this.#doors.clock.wallMs();
    const firsts = this.#settings.systems.map((system) => {
      const members = system.regions.map(({ region }) => region);
      return [system.key, firstRecord(system.firstPrimary, members, wallMs)] as const;
    });
    await this.#records.open(new Map(firsts), signal);
  }

  /** Decides and acts until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      for (const system of this.#systems.all()) {
        await this.#tick(system, signal).catch((error: unknown) => {
          if (error instanceof AssertionError) throw error;
          if (signal.aborted) return;
          // Somebody else changed the record at this moment: the next look is upon what it is now.
          if (error instanceof Failure && error.code === "store.conflict") return this.#bell.ring();
          this.#doors.log.error("database.tick-failed", {
            system: system.key,
            error: describeError(error),
          });
        });
      }
      await pause(this.#doors.clock, this.#bell, tickMs, signal);
    }
  }

  /** Answers an agent; `region` is what its credential stands for. */
  handle(region: RegionId, message: Json, signal: AbortSignal): Promise<Json> {
    return this.#agents.handle(region, message, signal);
  }

  /** What an operation would meet if it began now. @throws Failure `database.unknown`, `region.unknown` */
  preview(request: OperationRequest): OperationPreview {
    return this.#operations.preview(this.#systems.find(request), request);
  }

  /**
   * Begins an operation; it goes on by itself. @throws Failure `database.unknown`, `region.unknown`, or the code of
   * the first precheck that is not passed
   */
  async begin(request: OperationRequest, signal: AbortSignal): Promise<Operation> {
    const system = this.#systems.find(request);
    const operation = await retryConflicts(() => this.#operations.begin(system, request, signal));
    this.#bell.ring();
    return operation;
  }

  /** @throws Failure `operation.unknown`, `operation.not-cancellable` */
  async cancel(id: OperationId, signal: AbortSignal): Promise<Operation> {
    const operation = this.#records.operation(id);
    if (!operation) throw new Failure("operation.unknown", `There is no operation ${id}`);
    const cancelled = await retryConflicts(() => this.#operations.cancel(operation, signal));
    this.#changes.note();
    this.#bell.ring();
    return cancelled;
  }

  /** Newest first. */
  operations(filter: { readonly database: DatabaseId | undefined }): readonly Operation[] {
    return this.#records
      .operations()
      .filter(({ database }) => filter.database === undefined || database === filter.database)
      .map((operation) => this.#withPresent(operation));
  }

  operation(id: OperationId): Operation | undefined {
    const found = this.#records.operation(id);
    return found && this.#withPresent(found);
  }

  /** Settles with the number of the newest change of any operation, once it is another than `after`. */
  changed(after: number, signal: AbortSignal): Promise<number> {
    return this.#changes.other(after, signal);
  }

  /** What is kept of former writers, as far as Regions have said so to this controller. */
  evidence(): readonly KeptEvidence[] {
    return this.#evidence.list();
  }

  /**
   * Asks the Region's agent to remove evidence; done when it no longer reports it.
   * @throws Failure `evidence.unknown`, `network.unreachable`
   */
  removeEvidence(region: RegionId, name: string, signal: AbortSignal): Promise<void> {
    return this.#evidence.remove(region, name, signal);
  }

  snapshots(): readonly SystemSnapshot[] {
    const doors = {
      records: this.#records,
      reports: this.#reports,
      leases: this.#leases,
      operations: this.#operations,
      operation: (id: OperationId) => this.operation(id),
    };
    return this.#systems.all().map((system) => snapshotOf(system, doors));
  }

  /** The Region was switched off by a person: its last report no longer counts. */
  forgetRegion(region: RegionId): void {
    this.#reports.forget(region);
    this.#bell.ring();
  }

  /** How long ago the Region's agent reported, in ms; undefined when it never did to this controller. */
  reportAgeMs(region: RegionId): number | undefined {
    return this.#reports.ageMs(region);
  }

  /** `down` also when its Region's agent is not heard. */
  gatewayState(region: RegionId): GatewayReading["state"] {
    return this.#reports.freshGateway(region)?.state ?? "down";
  }

  /** The gateways of Regions whose agents are heard. */
  gateways(): readonly GatewayReading[] {
    return this.#reports.gateways();
  }

  async #tick(system: DatabaseSystem, signal: AbortSignal): Promise<void> {
    await this.#records.settle(signal);
    await this.#advance(system, signal);
    await this.#policy.apply(system, signal);
    await this.#upkeep.tend(system, signal);
  }

  /** Takes an operation as far as it goes now; writes may be waiting for it. */
  async #advance(system: DatabaseSystem, signal: AbortSignal): Promise<void> {
    let hasMoved = false;
    try {
      // Bounded by the steps of an operation, each of which is left once.
      while (this.#records.has(system.key) && (await this.#operations.advance(system, signal))) {
        hasMoved = true;
      }
    } finally {
      // After the commands of the next step: an agent that is told of the news asks again only a round trip later.
      if (hasMoved) this.#poke(system);
    }
  }

  /** All agents of the system learn at once what its record says now. */
  #poke(system: DatabaseSystem): void {
    for (const { region } of system.regions) this.#commands.outbox(region).poke();
    this.#changes.note();
    this.#bell.ring();
  }

  /** The step's own words while it runs; the journal has only those of steps that ended. */
  #withPresent(operation: Operation): Operation {
    const because = this.#watch.because(operation.id);
    return operation.phase === "ended" || because === undefined
      ? operation
      : { ...operation, because };
  }

  #noteOperation(before: Operation | undefined, after: Operation): void {
    const { id, phase, step, outcome, because } = after;
    this.#doors.log.info("database.operation-changed", { id, phase, step, outcome, because });
    for (const event of operationEvents(before, after)) void this.#events.append(event);
    this.#changes.note();
  }
}
