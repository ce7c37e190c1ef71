/**
 * The controller's side of the databases: gathers what agents report and the store remembers, decides, and
 * gives commands. It is the only place that changes a database system's record.
 */
import type { Archive } from "../archive/archive.ts";
import type { Clock, Json, Log } from "../env/env.ts";
import { pause } from "../env/pause.ts";
import type { CommandAction, LeaseGrant } from "../model/assignment.ts";
import type { NewEvent } from "../model/event.ts";
import { describeError } from "../model/failure.ts";
import type { InstanceReport } from "../model/instance.ts";
import type { ControllerTerm, DatabaseId, Epoch, InstanceId, RegionId } from "../model/region.ts";
import { assert, AssertionError, unreachable } from "../std/assert.ts";
import { Bell } from "../std/bell.ts";
import type { Secret } from "../std/secret.ts";
import type { Store } from "../store/store.ts";
import { commandsAnswer, question, reportAnswer, type Question } from "../wire/agent-protocol.ts";
import { decode, encode } from "../wire/codec.ts";
import { CommandDesk } from "./command-desk.ts";
import { decide, type Decision } from "./decide.ts";
import { stateChange } from "./history.ts";
import { RecordBook } from "./record-book.ts";
import type { SystemRecord } from "./records.ts";
import { Reports } from "./reports.ts";
import {
  assignmentOf,
  instancesOf,
  isWriter,
  upstreamAssignment,
  type AddressOf,
  type DatabaseSystem,
} from "./topology.ts";

/** 1 s: the pace when nothing rings the bell; reports and changes ring it. */
const tickMs = 1_000;

export type DatabaseDoors = {
  readonly clock: Clock;
  readonly log: Log;
  readonly store: Store;
  readonly archive: Archive;
};

export type DatabaseSettings = {
  readonly systems: readonly DatabaseSystem[];
  readonly addressOf: AddressOf;
  readonly leaseTtlMs: number;
  /** The passwords of a database's roles. */
  readonly passwordOf: (database: DatabaseId, role: string) => Secret;
};

/** One system with all that is known of it now, for those who show it. */
export type SystemSnapshot = {
  readonly system: DatabaseSystem;
  readonly record: SystemRecord;
  readonly instances: readonly {
    readonly id: InstanceId;
    readonly isWriter: boolean;
    readonly report: InstanceReport | undefined;
    readonly reportAgeMs: number | undefined;
  }[];
};

export class DatabaseController {
  readonly #doors: DatabaseDoors;
  readonly #settings: DatabaseSettings;
  readonly #term: ControllerTerm;
  readonly #reports: Reports;
  readonly #records: RecordBook;
  readonly #commands: CommandDesk;
  readonly #bell = new Bell();
  readonly #lastDecision = new Map<string, string>();

  constructor(doors: DatabaseDoors, settings: DatabaseSettings, term: ControllerTerm) {
    this.#doors = doors;
    this.#settings = settings;
    this.#term = term;
    this.#reports = new Reports(doors.clock, term);
    this.#records = new RecordBook(doors.store);
    this.#commands = new CommandDesk(doors.clock, term);
  }

  /** Reads the records, and makes those of systems that are new. Comes before all other methods. */
  async load(signal: AbortSignal): Promise<void> {
    for (const system of this.#settings.systems) {
      const first: SystemRecord = {
        epoch: 1 as Epoch,
        primary: system.firstPrimary,
        sinceWallMs: this.#doors.clock.wallMs(),
        systemId: undefined,
        isCreating: false,
      };
      await this.#records.open(system.key, first, signal);
    }
  }

  /** Decides and acts until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      for (const system of this.#settings.systems) {
        await this.#tick(system, signal).catch((error: unknown) => {
          if (error instanceof AssertionError) throw error;
          if (signal.aborted) return;
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
      case "commands": {
        const { batch, commands } = await this.#commands.outbox(region).next(asked.after, signal);
        return encode(commandsAnswer, { term: this.#term, batch, commands: [...commands] });
      }
      default:
        return unreachable(asked);
    }
  }

  snapshots(): readonly SystemSnapshot[] {
    return this.#settings.systems.map((system) => {
      const record = this.#records.get(system.key);
      const instances = instancesOf(system).map((id) => {
        const last = this.#reports.last(id);
        return {
          id,
          isWriter: isWriter(id, record),
          report: last?.report,
          reportAgeMs: last?.ageMs,
        };
      });
      return { system, record, instances };
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
    const isTaken = this.#reports.take(region, asked.ticket, asked.instances);
    if (isTaken) {
      for (const [index, report] of asked.instances.entries()) {
        const event = stateChange({ ...report, region }, before[index], report);
        if (event) void this.#append(event);
      }
      this.#bell.ring();
    }
    const mine = this.#settings.systems.flatMap((system) =>
      instancesOf(system)
        .filter((instance) => instance.region === region)
        .map((instance) => ({ system, instance, record: this.#records.get(system.key) })),
    );
    return encode(reportAnswer, {
      term: this.#term,
      ticket: this.#reports.ticket(region),
      isTaken,
      assignments: mine.map(({ system, instance, record }) =>
        assignmentOf(instance, system, record, this.#settings.addressOf),
      ),
      leases: mine.flatMap(({ instance, record }): LeaseGrant[] =>
        isWriter(instance, record)
          ? [{ database: instance.database, epoch: record.epoch, ttlMs: this.#settings.leaseTtlMs }]
          : [],
      ),
    });
  }

  async #tick(system: DatabaseSystem, signal: AbortSignal): Promise<void> {
    const record = await this.#records.settle(system.key, signal);
    const instances = instancesOf(system).map((id) => ({ id, report: this.#reports.fresh(id) }));
    for (const { id, report } of instances) this.#commands.hear(id, report?.command);
    const decisions = decide({
      record,
      instances: instances.map(({ id, report }) => ({
        id,
        report,
        mayTry: this.#commands.mayTry(id),
      })),
    });
    this.#logChange(system, decisions);
    for (const decision of decisions) await this.#act(system, record, decision, signal);
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
        await this.#records.change(
          system.key,
          record,
          { ...record, systemId: decision.systemId, isCreating: false },
          signal,
        );
        return this.#announce(system, record, decision.systemId);
      case "create": {
        const creating = { ...record, isCreating: true };
        // Durable before the deed: a controller that is killed in between accepts the data it asked for.
        if (!record.isCreating) await this.#records.change(system.key, record, creating, signal);
        this.#give(decision.instance, record, this.#createAction(system));
        return;
      }
      case "clone": {
        const upstream = upstreamAssignment(decision.instance, record, this.#settings.addressOf);
        assert(upstream !== undefined, "only a secondary is cloned (D4)");
        const { systemId, replace } = decision;
        this.#give(decision.instance, record, { kind: "clone", upstream, systemId, replace });
        return;
      }
      default:
        unreachable(decision);
    }
  }

  /** All agents learn at once what their instances belong to, and people that the database is there. */
  async #announce(system: DatabaseSystem, record: SystemRecord, systemId: string): Promise<void> {
    for (const { region } of system.regions) this.#commands.outbox(region).poke();
    this.#bell.ring();
    await this.#append({
      kind: "database.created",
      message: `Database ${system.database} was created in Region ${record.primary}.`,
      region: record.primary,
      database: system.database,
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

  #give(instance: InstanceId, { epoch }: SystemRecord, action: CommandAction): void {
    const given = this.#commands.give({ instance, epoch, action });
    if (given) this.#doors.log.info("database.command-given", { id: given.id, step: given.step });
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
