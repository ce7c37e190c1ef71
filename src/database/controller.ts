/**
 * The controller's side of the databases: gathers what agents report and the store remembers, decides, and
 * gives commands. It is the only place that changes a database system's record.
 */
import type { Archive } from "../archive/archive.ts";
import type { Clock, Json, Log } from "../env/env.ts";
import { pause } from "../env/pause.ts";
import type { Command, CommandAction, LeaseGrant } from "../model/assignment.ts";
import type { NewEvent } from "../model/event.ts";
import { describeError, Failure } from "../model/failure.ts";
import type { InstanceReport } from "../model/instance.ts";
import {
  formatInstance,
  type ControllerTerm,
  type DatabaseId,
  type Epoch,
  type InstanceId,
  type RegionId,
} from "../model/region.ts";
import { assert, unreachable } from "../std/assert.ts";
import { Bell } from "../std/bell.ts";
import type { Secret } from "../std/secret.ts";
import type { Store } from "../store/store.ts";
import { commandsAnswer, question, reportAnswer, type Question } from "../wire/agent-protocol.ts";
import { decode, encode } from "../wire/codec.ts";
import { Attempts } from "./attempts.ts";
import { decide, type Decision } from "./decide.ts";
import { stateChange } from "./history.ts";
import { Outbox } from "./outbox.ts";
import { formatRecord, parseRecord, type SystemRecord } from "./records.ts";
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
  readonly #attempts: Attempts;
  readonly #outboxes = new Map<RegionId, Outbox>();
  readonly #records = new Map<string, SystemRecord>();
  readonly #bell = new Bell();
  readonly #lastDecision = new Map<string, string>();

  constructor(doors: DatabaseDoors, settings: DatabaseSettings, term: ControllerTerm) {
    this.#doors = doors;
    this.#settings = settings;
    this.#term = term;
    this.#reports = new Reports(doors.clock);
    this.#attempts = new Attempts(doors.clock);
  }

  /** Reads the records, and makes those of systems that are new. Before this, questions are refused. */
  async load(signal: AbortSignal): Promise<void> {
    for (const system of this.#settings.systems) {
      const entry = await this.#doors.store.get(system.key, signal);
      this.#records.set(system.key, entry ? parseRecord(entry) : await this.#found(system, signal));
    }
  }

  /** Decides and acts until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      for (const system of this.#settings.systems) {
        await this.#tick(system, signal).catch((error: unknown) => {
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
        const { batch, commands } = await this.#outbox(region).next(asked.after, signal);
        return encode(commandsAnswer, { term: this.#term, batch, commands: [...commands] });
      }
      default:
        return unreachable(asked);
    }
  }

  snapshots(): readonly SystemSnapshot[] {
    return this.#settings.systems.map((system) => {
      const record = this.#record(system);
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

  /** How long ago the Region's agent reported, in ms; undefined when it never did to this controller. */
  reportAgeMs(region: RegionId): number | undefined {
    return this.#reports.ageMs(region);
  }

  async #found(system: DatabaseSystem, signal: AbortSignal): Promise<SystemRecord> {
    const record: SystemRecord = {
      epoch: 1 as Epoch,
      primary: system.firstPrimary,
      sinceWallMs: this.#doors.clock.wallMs(),
      systemId: undefined,
      isCreating: false,
    };
    await this.#commit(system, undefined, record, signal);
    return record;
  }

  #takeReport(region: RegionId, asked: Extract<Question, { kind: "report" }>): Json {
    for (const report of asked.instances) this.#noteChange(region, report);
    this.#reports.put(region, asked.boot, asked.instances);
    this.#bell.ring();
    const mine = this.#settings.systems.flatMap((system) =>
      instancesOf(system)
        .filter((instance) => instance.region === region)
        .map((instance) => ({ system, instance, record: this.#record(system) })),
    );
    return encode(reportAnswer, {
      term: this.#term,
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
    this.#settleCommands(system);
    const record = this.#record(system);
    const decisions = decide({
      record,
      instances: instancesOf(system).map((id) => ({
        id,
        report: this.#reports.fresh(id),
        mayTry: this.#attempts.mayTry(formatInstance(id)),
      })),
    });
    this.#logChange(system, decisions);
    for (const decision of decisions) await this.#act(system, decision, signal);
  }

  async #act(system: DatabaseSystem, decision: Decision, signal: AbortSignal): Promise<void> {
    const record = this.#record(system);
    switch (decision.kind) {
      case "wait":
        return;
      case "record-system-id":
        assert(record.systemId === undefined, "a system id is recorded once (D2)");
        await this.#commit(
          system,
          record,
          { ...record, systemId: decision.systemId, isCreating: false },
          signal,
        );
        for (const { region } of system.regions) this.#outbox(region).poke();
        await this.#append({
          kind: "database.created",
          message: `Database ${system.database} was created in Region ${record.primary}.`,
          region: record.primary,
          database: system.database,
          details: { systemId: decision.systemId, epoch: record.epoch },
        });
        this.#bell.ring();
        return;
      case "create":
        // Durable before the deed: a controller that is killed in between accepts the data it asked for.
        if (!record.isCreating) {
          await this.#commit(system, record, { ...record, isCreating: true }, signal);
        }
        this.#command(decision.instance, record, "create", this.#createAction(system));
        return;
      case "clone": {
        const upstream = upstreamAssignment(decision.instance, record, this.#settings.addressOf);
        assert(upstream !== undefined, "only a secondary is cloned (D4)");
        const { systemId, replace } = decision;
        this.#command(decision.instance, record, "clone", {
          kind: "clone",
          upstream,
          systemId,
          replace,
        });
        return;
      }
      default:
        unreachable(decision);
    }
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

  #command(instance: InstanceId, record: SystemRecord, step: string, action: CommandAction): void {
    const operation = `build/${formatInstance(instance)}`;
    const attempt = this.#attempts.number(formatInstance(instance));
    // The term is part of the id: a new controller counts attempts from 1 again, and its command is another one.
    const id = `${operation}/${this.#term}.${attempt}`;
    const outbox = this.#outbox(instance.region);
    if (outbox.has(id)) return;
    const { database, number } = instance;
    const command: Command = {
      ...{ id, term: this.#term, epoch: record.epoch, operation, step },
      ...{ database, number, action },
    };
    this.#doors.log.info("database.command-given", { id, step });
    outbox.send(command);
  }

  #settleCommands(system: DatabaseSystem): void {
    for (const id of instancesOf(system)) {
      const command = this.#reports.fresh(id)?.command;
      if (!command || command.outcome === "running") continue;
      if (!this.#outbox(id.region).has(command.id)) continue;
      this.#outbox(id.region).settle(command.id);
      this.#attempts.settled(formatInstance(id), command.id, command.outcome);
    }
  }

  async #commit(
    system: DatabaseSystem,
    before: SystemRecord | undefined,
    after: SystemRecord,
    signal: AbortSignal,
  ): Promise<void> {
    const unchanged = before
      ? { key: system.key, value: formatRecord(before) }
      : { key: system.key, version: 0 };
    const put = { kind: "put", key: system.key, value: formatRecord(after) } as const;
    const commit = await this.#doors.store.commit([unchanged], [put], signal);
    if (!commit.succeeded) {
      throw new Failure(
        "store.conflict",
        `The record ${system.key} changed while it was decided upon`,
      );
    }
    this.#records.set(system.key, after);
  }

  #noteChange(region: RegionId, report: InstanceReport): void {
    const id = { database: report.database, region, number: report.number };
    const event = stateChange(id, this.#reports.last(id)?.report, report);
    if (event) void this.#append(event);
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

  #record(system: DatabaseSystem): SystemRecord {
    const record = this.#records.get(system.key);
    assert(record !== undefined, `the record ${system.key} was loaded before anybody asked`);
    return record;
  }

  #outbox(region: RegionId): Outbox {
    const known = this.#outboxes.get(region);
    if (known) return known;
    const fresh = new Outbox(this.#doors.clock, this.#term);
    this.#outboxes.set(region, fresh);
    return fresh;
  }
}
