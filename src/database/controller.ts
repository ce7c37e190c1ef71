/**
 * The controller's side of the databases: gathers what agents report and the store remembers, decides, and
 * gives commands. Together with `operations.ts` it is the only place that changes a database system's record.
 */
import type { Archive } from "../archive/archive.ts";
import type { Clock, Json, Log } from "../env/env.ts";
import { pause } from "../env/pause.ts";
import type { Assignment, CommandAction, LeaseGrant } from "../model/assignment.ts";
import type { NewEvent } from "../model/event.ts";
import type { EvidenceItem } from "../model/evidence.ts";
import { describeError, Failure } from "../model/failure.ts";
import type { InstanceReport } from "../model/instance.ts";
import type {
  EstimatedLoss,
  Operation,
  OperationPreview,
  OperationRequest,
} from "../model/operation.ts";
import type {
  ControllerTerm,
  DatabaseId,
  InstanceId,
  OperationId,
  RegionId,
} from "../model/region.ts";
import { assert, AssertionError, unreachable } from "../std/assert.ts";
import { Bell } from "../std/bell.ts";
import type { Secret } from "../std/secret.ts";
import type { Store } from "../store/store.ts";
import { commandsAnswer, question, reportAnswer, type Question } from "../wire/agent-protocol.ts";
import { decode, encode } from "../wire/codec.ts";
import { nextVersion } from "./claim.ts";
import { CommandDesk, type Deed } from "./command-desk.ts";
import { decide, type Decision, type InstanceView } from "./decide.ts";
import { FailoverPolicy } from "./failover-policy.ts";
import { stateChange } from "./history.ts";
import { LeaseBook } from "./lease-book.ts";
import { operationEvents, resyncEvents } from "./operation-events.ts";
import { Operations } from "./operations.ts";
import { postgresEngine, type DatabaseEngine } from "./postgres-engine.ts";
import { RecordBook } from "./record-book.ts";
import { firstRecord, type SystemRecord } from "./records.ts";
import { Reports, type RegionFacts } from "./reports.ts";
import { StepWatch } from "./step-watch.ts";
import {
  assignmentOf,
  detachedSystem,
  instancesOf,
  isWriter,
  placesOf,
  upstreamAssignment,
  type AddressOf,
  type AgentAddressOf,
  type DatabaseSystem,
} from "./topology.ts";

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
  /** Whether a person switched the Region off. */
  readonly isStoppedByPerson: (region: RegionId) => boolean;
};

/** One system with all that is known of it now, for those who show it. */
export type SystemSnapshot = {
  readonly system: DatabaseSystem;
  readonly record: SystemRecord;
  /** The one that holds it now. */
  readonly operation: Operation | undefined;
  /** What a failover to each other member would lose now; a Region is left out while that is not known. */
  readonly losses: ReadonlyMap<RegionId, EstimatedLoss>;
  /** Until nobody can hold the writer's lease any more, in ms, as the controller knows it. */
  readonly leaseLeftMs: number;
  readonly instances: readonly {
    readonly id: InstanceId;
    readonly isWriter: boolean;
    readonly report: InstanceReport | undefined;
    readonly reportAgeMs: number | undefined;
  }[];
};

/** Evidence as the Region that keeps it said last. */
export type KeptEvidence = {
  readonly region: RegionId;
  readonly item: EvidenceItem;
  readonly reportAgeMs: number;
};

export class DatabaseController {
  readonly #doors: DatabaseDoors;
  readonly #settings: DatabaseSettings;
  readonly #term: ControllerTerm;
  readonly #reports: Reports;
  readonly #records: RecordBook;
  readonly #commands: CommandDesk;
  readonly #leases: LeaseBook;
  readonly #watch: StepWatch;
  readonly #operations: Operations;
  readonly #policy: FailoverPolicy;
  readonly #bell = new Bell();
  readonly #lastDecision = new Map<string, string>();
  /** Regions that were rebuilt in this controller's life, by system and Region. */
  readonly #resyncing = new Set<string>();
  /** Counts changes of operations; whoever follows them waits for a higher one. */
  #changes = 1;
  readonly #followers = new Set<Bell>();

  constructor(doors: DatabaseDoors, settings: DatabaseSettings, term: ControllerTerm) {
    const { clock, log } = doors;
    this.#doors = doors;
    this.#settings = settings;
    this.#term = term;
    this.#reports = new Reports(clock, term);
    this.#records = new RecordBook(doors.store, (before, after) =>
      this.#noteOperation(before, after),
    );
    this.#commands = new CommandDesk(clock, term);
    this.#leases = new LeaseBook(clock, {
      ttlMs: settings.leaseTtlMs,
      marginMs: settings.leaseMarginMs,
    });
    this.#watch = new StepWatch(clock, () => this.#noteChange());
    this.#operations = new Operations({
      clock,
      log,
      records: this.#records,
      reports: this.#reports,
      commands: this.#commands,
      leases: this.#leases,
      engine: doors.engine ?? postgresEngine,
      addressOf: settings.addressOf,
      watch: this.#watch,
    });
    this.#policy = new FailoverPolicy(clock, settings.isStoppedByPerson);
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
      for (const system of this.#systems()) {
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
  async handle(region: RegionId, message: Json, signal: AbortSignal): Promise<Json> {
    const asked = decode(question, "an agent's question", message);
    switch (asked.kind) {
      case "report":
        return this.#takeReport(region, asked);
      case "outcome":
        this.#commands.hear(region, asked.progress);
        this.#bell.ring();
        return {};
      case "commands": {
        const { batch, commands } = await this.#commands.outbox(region).next(asked.after, signal);
        const instructions = this.#instruct(region);
        return encode(commandsAnswer, { ...instructions, batch, commands: [...commands] });
      }
      default:
        return unreachable(asked);
    }
  }

  /** What an operation would meet if it began now. @throws Failure `database.unknown`, `region.unknown` */
  preview(request: OperationRequest): OperationPreview {
    return this.#operations.preview(this.#find(request), request);
  }

  /**
   * Begins an operation; it goes on by itself. @throws Failure `database.unknown`, `region.unknown`, or the code of
   * the first precheck that is not passed
   */
  async begin(request: OperationRequest, signal: AbortSignal): Promise<Operation> {
    const system = this.#find(request);
    const operation = await retryConflicts(() => this.#operations.begin(system, request, signal));
    this.#bell.ring();
    return operation;
  }

  /** @throws Failure `operation.unknown`, `operation.not-cancellable` */
  async cancel(id: OperationId, signal: AbortSignal): Promise<Operation> {
    const operation = this.#records.operation(id);
    if (!operation) throw new Failure("operation.unknown", `There is no operation ${id}`);
    const cancelled = await retryConflicts(() => this.#operations.cancel(operation, signal));
    this.#noteChange();
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
  async changed(after: number, signal: AbortSignal): Promise<number> {
    const bell = new Bell();
    this.#followers.add(bell);
    try {
      while (this.#changes === after && !signal.aborted) {
        await pause(this.#doors.clock, bell, tickMs, signal);
      }
    } finally {
      this.#followers.delete(bell);
    }
    return this.#changes;
  }

  /** What is kept of former writers, as far as Regions have said so to this controller. */
  evidence(): readonly KeptEvidence[] {
    return this.#regions().flatMap((region) => {
      const facts = this.#reports.facts(region);
      if (!facts) return [];
      const { evidence, ageMs } = facts;
      return evidence.map((item) => ({ region, item, reportAgeMs: ageMs }));
    });
  }

  /**
   * Asks the Region's agent to remove evidence; done when it no longer reports it.
   * @throws Failure `evidence.unknown`
   */
  async removeEvidence(region: RegionId, name: string, signal: AbortSignal): Promise<void> {
    const found = this.evidence().find((kept) => kept.region === region && kept.item.name === name);
    if (!found) throw new Failure("evidence.unknown", `${region} keeps no evidence ${name}`);
    const system = this.#systems().find(({ database, regions }) => {
      return database === found.item.database && regions.some((one) => one.region === region);
    });
    assert(system !== undefined, "evidence is of a database that has a place in its Region");
    const { epoch, version } = this.#records.get(system.key);
    const instance = { database: system.database, region, number: found.item.number };
    const deed = { instance, operation: `evidence/${name}`, step: "remove-evidence" };
    this.#commands.give({ ...deed, epoch, version, action: { kind: "remove-evidence", name } });
    await this.#untilRemoved(region, name, deed, signal);
  }

  async #untilRemoved(
    region: RegionId,
    name: string,
    deed: Deed,
    signal: AbortSignal,
  ): Promise<void> {
    const { clock } = this.#doors;
    const deadlineMs = clock.monotonicMs() + evidenceRemovalMs;
    const what = `Could not remove the evidence ${name} in ${region}`;
    while (this.evidence().some((kept) => kept.region === region && kept.item.name === name)) {
      const progress = this.#commands.progress(deed);
      if (progress?.outcome === "failed") {
        throw new Failure("state.not-writable", `${what}: ${progress.because}`);
      }
      if (clock.monotonicMs() > deadlineMs) {
        throw new Failure("network.unreachable", `${what}: its agent does not answer`);
      }
      await clock.sleep(evidencePollMs, signal);
    }
  }

  snapshots(): readonly SystemSnapshot[] {
    return this.#systems().map((system) => {
      const record = this.#records.get(system.key);
      const others = record.members.filter((region) => region !== record.primary);
      return {
        system,
        record,
        operation: record.operation && this.operation(record.operation),
        losses: new Map(
          others.flatMap((region) => {
            const loss = this.#operations.lossOf(system, region);
            return loss ? [[region, loss] as const] : [];
          }),
        ),
        leaseLeftMs: this.#leases.leftMs(system.key),
        instances: instancesOf(system, record).map((id) => {
          const last = this.#reports.last(id);
          return {
            id,
            isWriter: isWriter(id, record),
            report: last?.report,
            reportAgeMs: last?.ageMs,
          };
        }),
      };
    });
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

  #takeReport(region: RegionId, asked: Extract<Question, { kind: "report" }>): Json {
    const before = asked.instances.map(
      (report) => this.#reports.last({ ...report, region })?.report,
    );
    const isTaken = this.#reports.take(region, asked.ticket, asked);
    if (isTaken) this.#hear(region, asked, before);
    return encode(reportAnswer, {
      ...this.#instruct(region),
      ticket: this.#reports.ticket(region),
      isTaken,
    });
  }

  #hear(
    region: RegionId,
    { instances, events }: RegionFacts & { readonly events: readonly NewEvent[] },
    before: readonly (InstanceReport | undefined)[],
  ): void {
    for (const event of events) void this.#append(event);
    for (const [index, report] of instances.entries()) {
      this.#commands.hear(region, report.command);
      const event = stateChange({ ...report, region }, before[index], report);
      if (event) void this.#append(event);
    }
    this.#bell.ring();
  }

  /** What each of the Region's instances is to be, and the leases that it holds. */
  #instruct(region: RegionId): {
    readonly term: ControllerTerm;
    readonly assignments: Assignment[];
    readonly leases: LeaseGrant[];
  } {
    const mine = this.#systems().flatMap((system) => {
      const record = this.#records.get(system.key);
      return instancesOf(system, record)
        .filter((instance) => instance.region === region)
        .map((instance) => ({ system, instance, record }));
    });
    const writers = mine.filter(
      ({ instance, record }) => isWriter(instance, record) && !record.isFencing,
    );
    // Before the answer leaves: whoever waits for the end of a lease counts from here.
    for (const { system } of writers) this.#leases.granted(system.key);
    return {
      term: this.#term,
      assignments: mine.map(({ system, instance, record }) =>
        assignmentOf(instance, system, record, this.#settings),
      ),
      leases: writers.map(({ instance, record }) => ({
        database: instance.database,
        epoch: record.epoch,
        ttlMs: this.#settings.leaseTtlMs,
      })),
    };
  }

  async #tick(system: DatabaseSystem, signal: AbortSignal): Promise<void> {
    await this.#records.settle(signal);
    if (!this.#records.has(system.key)) return;
    await this.#advance(system, signal);
    await this.#applyPolicy(system, signal);
    if (!this.#records.has(system.key)) return;
    const record = this.#records.get(system.key);
    const viewOf = (id: InstanceId): InstanceView => {
      return { id, report: this.#reports.fresh(id), mayTry: this.#mayTry(id) };
    };
    const decisions = decide({
      record,
      rejoin: system.rejoin,
      instances: instancesOf(system, record).map(viewOf),
      leftovers: this.#leftoversOf(system, record).map(viewOf),
    });
    this.#logChange(system, decisions);
    for (const decision of decisions) await this.#act(system, record, decision, signal);
  }

  /** Takes an operation as far as it goes now; writes may be waiting for it. */
  async #advance(system: DatabaseSystem, signal: AbortSignal): Promise<void> {
    let hasMoved = false;
    try {
      // Bounded by the steps of an operation, each of which is left once.
      while (this.#records.has(system.key) && (await this.#operations.advance(system, signal))) {
        hasMoved = true;
      }
    } catch (error) {
      hasMoved = true;
      throw error;
    } finally {
      // After the commands of the next step: an agent that is told of the news asks again only a round trip later.
      if (hasMoved) this.#poke(system);
    }
  }

  async #applyPolicy(system: DatabaseSystem, signal: AbortSignal): Promise<void> {
    if (!this.#records.has(system.key) || system.failover !== "automatic") return;
    const record = this.#records.get(system.key);
    const running = record.operation && this.#records.operation(record.operation);
    // What is past its claim may have lost its target; then a failover takes over.
    if (running && running.phase !== "claimed") return;
    const losses = new Map(
      record.candidates.map((region) => [region, this.#operations.lossOf(system, region)] as const),
    );
    const { decision, event } = this.#policy.decide(system, record, this.#reports, losses);
    if (event) await this.#append(event);
    if (decision.kind !== "fail-over") return;
    const request: OperationRequest = {
      kind: "failover",
      database: system.name,
      to: decision.to,
      requestedBy: "policy",
      allowDataLoss: true,
      expectPrimary: record.primary,
      overrideFence: undefined,
    };
    await this.begin(request, signal).catch(async (error: unknown) => {
      if (!(error instanceof Failure) || signal.aborted) throw error;
      const refused = this.#policy.refused(system, record, describeError(error));
      if (refused) await this.#append(refused);
    });
  }

  async #act(
    system: DatabaseSystem,
    record: SystemRecord,
    decision: Decision,
    signal: AbortSignal,
  ): Promise<void> {
    switch (decision.kind) {
      case "wait":
        return;
      case "record-system-id":
        assert(record.systemId === undefined, "a system id is recorded once (D2)");
        await this.#change(
          system,
          record,
          { systemId: decision.systemId, isCreating: false },
          signal,
        );
        return this.#announce(system, record, decision.systemId);
      case "create":
        // Durable before the deed: a controller that is killed in between accepts the data it asked for.
        if (!record.isCreating) await this.#change(system, record, { isCreating: true }, signal);
        return this.#give(system, decision.instance, this.#createAction(system));
      case "clone": {
        const upstream = upstreamAssignment(decision.instance, record, this.#settings.addressOf);
        assert(upstream !== undefined, "only a secondary is cloned (D4)");
        const { systemId, replace } = decision;
        return this.#give(system, decision.instance, {
          kind: "clone",
          upstream,
          systemId,
          replace,
        });
      }
      case "discard":
        return this.#give(system, decision.instance, { kind: "discard" });
      case "set-aside":
        return this.#give(system, decision.instance, {
          kind: "set-aside",
          because: decision.because,
        });
      case "absolve": {
        const condemned = record.condemned.filter((region) => region !== decision.region);
        await this.#change(system, record, { condemned }, signal);
        return this.#noteResync(system, decision.region);
      }
      case "ask-candidate":
        return this.#change(system, record, { asked: [...record.asked, decision.region] }, signal);
      case "accept-candidates": {
        const candidates = [...new Set([...record.candidates, ...decision.regions])];
        await this.#change(system, record, { candidates, asked: [] }, signal);
        return this.#noteResynced(system, decision.regions);
      }
      default:
        unreachable(decision);
    }
  }

  async #change(
    system: DatabaseSystem,
    before: SystemRecord,
    fields: Partial<SystemRecord>,
    signal: AbortSignal,
  ): Promise<void> {
    const records = [{ key: system.key, before, after: nextVersion(before, fields) }];
    await this.#records.change({ records, operations: [] }, signal);
    this.#poke(system);
  }

  /** All agents learn at once what their instances belong to, and people that the database is there. */
  async #announce(system: DatabaseSystem, record: SystemRecord, systemId: string): Promise<void> {
    this.#bell.ring();
    await this.#append({
      kind: "database.created",
      message: `Database ${system.name} was created in Region ${record.primary}.`,
      region: record.primary,
      database: system.name,
      details: { systemId, epoch: record.epoch },
    });
  }

  #createAction(system: DatabaseSystem): CommandAction {
    const { database, roles, owner } = system;
    return {
      kind: "create",
      databaseName: database,
      owner,
      roles: roles.map(({ name, login, superuser, replication }) => ({
        name,
        login,
        superuser,
        replication,
        password: this.#settings.passwordOf(database, name),
      })),
    };
  }

  /** A deed of every day, that no operation asked for. One at a time for each instance (D7). */
  #give(system: DatabaseSystem, instance: InstanceId, action: CommandAction): void {
    // Of this very moment: the decision that led here may have changed the record.
    const { epoch, version } = this.#records.get(system.key);
    const given = this.#commands.give({ ...buildDeed(instance), epoch, version, action });
    if (given) {
      this.#doors.log.info("database.command-given", { id: given.id, action: action.kind });
    }
  }

  #mayTry(instance: InstanceId): boolean {
    return this.#commands.mayTry(buildDeed(instance));
  }

  /** The systems of `leeward.yaml`, and those of Regions that were detached from them. */
  #systems(): readonly DatabaseSystem[] {
    return this.#settings.systems.flatMap((system) => {
      const detached = system.regions
        .map(({ region }) => detachedSystem(system, region))
        .filter(({ key }) => this.#records.has(key));
      return system.kind === "global" ? [system, ...detached] : [system];
    });
  }

  /** Places in Regions that left, and that do not stand alone either. */
  #leftoversOf(system: DatabaseSystem, record: SystemRecord): readonly InstanceId[] {
    return placesOf(system).filter(({ region }) => {
      const standsAlone = this.#records.has(detachedSystem(system, region).key);
      return !record.members.includes(region) && !standsAlone;
    });
  }

  #regions(): readonly RegionId[] {
    const places = this.#settings.systems.flatMap((system) => placesOf(system));
    return [...new Set(places.map(({ region }) => region))];
  }

  #find({ database, to }: OperationRequest): DatabaseSystem {
    const system = this.#systems().find(({ name }) => name === database);
    if (!system) throw new Failure("database.unknown", `There is no database ${database}`);
    if (this.#regions().includes(to)) return system;
    throw new Failure("region.unknown", `There is no Region ${to} with a database`);
  }

  #poke(system: DatabaseSystem): void {
    for (const { region } of system.regions) this.#commands.outbox(region).poke();
    this.#noteChange();
    this.#bell.ring();
  }

  #noteChange(): void {
    this.#changes += 1;
    for (const bell of this.#followers) bell.ring();
  }

  /** The step's own words while it runs; the journal has only those of steps that ended. */
  #withPresent(operation: Operation): Operation {
    const because = this.#watch.because(operation.id);
    return operation.phase === "ended" || because === undefined
      ? operation
      : { ...operation, because };
  }

  /** A Region that lost its history in a failover is rebuilt, and is a candidate again in the end. */
  async #noteResync(system: DatabaseSystem, region: RegionId): Promise<void> {
    this.#resyncing.add(`${system.key}/${region}`);
    const member = { database: system.name, region };
    for (const event of resyncEvents(member, "started")) await this.#append(event);
  }

  async #noteResynced(system: DatabaseSystem, regions: readonly RegionId[]): Promise<void> {
    for (const region of regions) {
      if (!this.#resyncing.delete(`${system.key}/${region}`)) continue;
      const member = { database: system.name, region };
      for (const event of resyncEvents(member, "finished")) await this.#append(event);
    }
  }

  #noteOperation(before: Operation | undefined, after: Operation): void {
    const { id, phase, step, outcome, because } = after;
    this.#doors.log.info("database.operation-changed", { id, phase, step, outcome, because });
    for (const event of operationEvents(before, after)) void this.#append(event);
    this.#noteChange();
  }

  /** An archive that fails (a full disk) must not stop decisions. */
  async #append(event: NewEvent): Promise<void> {
    const never = new AbortController().signal;
    await this.#doors.archive.append(event, never).catch((error: unknown) => {
      this.#doors.log.error("archive.append-failed", {
        kind: event.kind,
        error: describeError(error),
      });
    });
  }

  #logChange(system: DatabaseSystem, decisions: readonly Decision[]): void {
    const said = decisions.map(({ kind, because }) => `${kind}: ${because}`).join("; ");
    if (this.#lastDecision.get(system.key) === said) return;
    this.#lastDecision.set(system.key, said);
    this.#doors.log.info("database.decided", { system: system.key, decision: said });
  }
}

/** 50 ms between looks; 60 s for a hundred gigabytes of files on a slow disk, or an agent that does not answer. */
const evidencePollMs = 50;
const evidenceRemovalMs = 60_000;

/** Three: each conflict means that another change of the record went through, and those are few. */
const conflictsMax = 3;

/** What was decided upon changed meanwhile: decide again upon what it is now. */
async function retryConflicts<T>(change: () => Promise<T>): Promise<T> {
  for (let conflicts = 0; ; conflicts++) {
    try {
      return await change();
    } catch (error) {
      const isConflict = error instanceof Failure && error.code === "store.conflict";
      if (!isConflict || conflicts === conflictsMax) throw error;
    }
  }
}

function buildDeed(instance: InstanceId): Deed {
  return { instance, operation: "build", step: "instance" };
}
