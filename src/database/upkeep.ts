/**
 * The work of every day, which no operation asked for: databases are created, secondaries cloned and mended, Regions
 * made candidates. `decide.ts` says what is needed; this does it.
 */
import type { Log } from "../env/env.ts";
import type { CommandAction } from "../model/assignment.ts";
import type { DatabaseId, InstanceId, RegionId } from "../model/region.ts";
import { assert, unreachable } from "../std/assert.ts";
import type { Secret } from "../std/secret.ts";
import { nextVersion } from "./claim.ts";
import type { CommandDesk, Deed } from "./command-desk.ts";
import { decide, type Decision, type InstanceView } from "./decide.ts";
import type { EventWriter } from "./event-writer.ts";
import type { RecordBook } from "./record-book.ts";
import type { SystemRecord } from "./records.ts";
import type { Reports } from "./reports.ts";
import { ResyncNotes } from "./resync-notes.ts";
import type { Systems } from "./systems.ts";
import {
  instancesOf,
  upstreamAssignment,
  type AddressOf,
  type DatabaseSystem,
} from "./topology.ts";

export type UpkeepDoors = {
  readonly log: Log;
  readonly systems: Systems;
  readonly records: RecordBook;
  readonly reports: Reports;
  readonly commands: CommandDesk;
  readonly events: EventWriter;
  readonly addressOf: AddressOf;
  readonly passwordOf: (database: DatabaseId, role: string) => Secret;
  /** The system's record is another one. */
  readonly changed: (system: DatabaseSystem) => void;
};

export class Upkeep {
  readonly #doors: UpkeepDoors;
  readonly #resyncs: ResyncNotes;
  readonly #lastDecision = new Map<string, string>();

  constructor(doors: UpkeepDoors) {
    this.#doors = doors;
    this.#resyncs = new ResyncNotes(doors.events);
  }

  /** Decides what the system needs now, and does it. @throws Failure of the store */
  async tend(system: DatabaseSystem, signal: AbortSignal): Promise<void> {
    const { systems, records, reports, commands } = this.#doors;
    if (!records.has(system.key)) return;
    const record = records.get(system.key);
    const viewOf = (id: InstanceId): InstanceView => {
      return { id, report: reports.fresh(id), mayTry: commands.mayTry(buildDeed(id)) };
    };
    const decisions = decide({
      record,
      rejoin: system.rejoin,
      instances: instancesOf(system, record).map(viewOf),
      leftovers: systems.leftoversOf(system, record).map(viewOf),
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
    const change = (fields: Partial<SystemRecord>): Promise<void> =>
      this.#change(system, record, fields, signal);
    switch (decision.kind) {
      case "wait":
        return;
      case "record-system-id":
        assert(record.systemId === undefined, "a system id is recorded once (D2)");
        await change({ systemId: decision.systemId, isCreating: false });
        return this.#announce(system, record, decision.systemId);
      case "create":
        // Durable before the deed: a controller that is killed in between accepts the data it asked for.
        if (!record.isCreating) await change({ isCreating: true });
        return this.#give(system, decision.instance, this.#createAction(system));
      case "clone":
      case "discard":
      case "set-aside":
        return this.#give(system, decision.instance, this.#mend(record, decision));
      case "promote":
        return this.#promote(system, record, decision.instance, signal);
      case "absolve":
        await change({
          condemned: without(record.condemned, decision.region),
          rejoining: without(record.rejoining, decision.region),
        });
        return this.#resyncs.started(system, decision.region);
      case "ask-candidate":
        return change({ asked: [...record.asked, decision.region] });
      case "accept-candidates":
        await change({
          candidates: [...new Set([...record.candidates, ...decision.regions])],
          asked: [],
        });
        return this.#resyncs.finished(system, decision.regions);
      default:
        unreachable(decision);
    }
  }

  #mend(
    record: SystemRecord,
    decision: Extract<Decision, { readonly kind: "clone" | "discard" | "set-aside" }>,
  ): CommandAction {
    switch (decision.kind) {
      case "discard":
        return { kind: "discard", forks: record.forks };
      case "set-aside":
        return { kind: "set-aside", because: decision.because };
      default: {
        const { instance, systemId, replace } = decision;
        const upstream = upstreamAssignment(instance, record, this.#doors.addressOf);
        assert(upstream !== undefined, "only a secondary is cloned (D4)");
        return { kind: "clone", upstream, systemId, replace };
      }
    }
  }

  /** Until its answer names the timeline that the system goes on with. */
  async #promote(
    system: DatabaseSystem,
    record: SystemRecord,
    instance: InstanceId,
    signal: AbortSignal,
  ): Promise<void> {
    const result = this.#doors.commands.progress(buildDeed(instance))?.result;
    const fork = result?.kind === "promoted" ? result.fork : undefined;
    // An earlier promotion of this very instance made a timeline that is part of the history already.
    const isNew = fork && !record.forks.some(({ timeline }) => timeline === fork.timeline);
    if (!isNew) return this.#give(system, instance, { kind: "promote", passOver: false });
    await this.#change(
      system,
      record,
      { forks: [...record.forks, fork], isPromoted: true },
      signal,
    );
  }

  #createAction(system: DatabaseSystem): CommandAction {
    const { database, roles, owner } = system;
    return {
      kind: "create",
      databaseName: database,
      owner,
      roles: roles.map(({ name, login, superuser, replication, memberOf }) => ({
        name,
        login,
        superuser,
        replication,
        memberOf,
        password: this.#doors.passwordOf(database, name),
      })),
    };
  }

  async #change(
    system: DatabaseSystem,
    before: SystemRecord,
    fields: Partial<SystemRecord>,
    signal: AbortSignal,
  ): Promise<void> {
    const records = [{ key: system.key, before, after: nextVersion(before, fields) }];
    await this.#doors.records.change({ records, operations: [] }, signal);
    this.#doors.changed(system);
  }

  #announce(system: DatabaseSystem, record: SystemRecord, systemId: string): Promise<void> {
    return this.#doors.events.append({
      kind: "database.created",
      message: `Database ${system.name} was created in Region ${record.primary}.`,
      region: record.primary,
      database: system.name,
      details: { systemId, epoch: record.epoch },
    });
  }

  /** One at a time for each instance (D7). */
  #give(system: DatabaseSystem, instance: InstanceId, action: CommandAction): void {
    const { records, commands, log } = this.#doors;
    // Of this very moment: the decision that led here may have changed the record.
    const { epoch, version } = records.get(system.key);
    const given = commands.give({ ...buildDeed(instance), epoch, version, action });
    if (given) log.info("database.command-given", { id: given.id, action: action.kind });
  }

  #logChange(system: DatabaseSystem, decisions: readonly Decision[]): void {
    const said = decisions.map(({ kind, because }) => `${kind}: ${because}`).join("; ");
    if (this.#lastDecision.get(system.key) === said) return;
    this.#lastDecision.set(system.key, said);
    this.#doors.log.info("database.decided", { system: system.key, decision: said });
  }
}

function without(regions: readonly RegionId[], region: RegionId): RegionId[] {
  return regions.filter((one) => one !== region);
}

/** Building and mending an instance is one deed, so that an instance never has two of them at once. */
function buildDeed(instance: InstanceId): Deed {
  return { instance, operation: "build", step: "instance" };
}
