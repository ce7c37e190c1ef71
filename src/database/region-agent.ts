/**
 * The Region's side of the databases: reports to the controller, takes its instructions and commands, holds
 * the leases, and has one keeper for each instance.
 */
import type { Clock, Files, Json, Log, Network } from "../env/env.ts";
import { pause } from "../env/pause.ts";
import type { Address } from "../model/address.ts";
import type { LeaseGrant } from "../model/assignment.ts";
import { describeError, Failure } from "../model/failure.ts";
import type { DatabaseId, Epoch, InstanceId } from "../model/region.ts";
import type { Postgres } from "../postgres/postgres.ts";
import { AssertionError } from "../std/assert.ts";
import { Bell } from "../std/bell.ts";
import { commandsAnswer, question, reportAnswer, type Question } from "../wire/agent-protocol.ts";
import { decode, encode } from "../wire/codec.ts";
import { CommandJournal } from "./command-journal.ts";
import { InstanceKeeper } from "./instance-keeper.ts";
import { holdMaxMs } from "./outbox.ts";

/** 1 s: a third of the shortest lease, so that a report that is lost does not lose it. */
const reportEveryMs = 1_000;
/** 20 ms: changes that come together go out together. */
const reportPauseMs = 20;
/** 2 s: a report that takes longer is given up; the next one carries newer facts anyway. */
const reportTimeoutMs = 2_000;
/** 200 ms between questions that fail: a controller that restarts is found again at once, without a flood. */
const retryMs = 200;

export type AgentDoors = {
  readonly clock: Clock;
  readonly log: Log;
  readonly network: Network;
  readonly files: Files;
  /** The door to each instance; made once. */
  readonly postgresOf: (id: InstanceId) => Postgres;
};

export type AgentSettings = {
  readonly instances: readonly InstanceId[];
  readonly controller: Address;
  readonly token: string;
  readonly statePath: string;
};

export class RegionAgent {
  readonly #doors: AgentDoors;
  readonly #settings: AgentSettings;
  readonly #journal: CommandJournal;
  readonly #keepers: readonly InstanceKeeper[];
  readonly #bell = new Bell();
  /** Until when each database's lease is surely ours, and for which epoch. */
  readonly #leases = new Map<DatabaseId, { readonly epoch: Epoch; readonly untilMs: number }>();
  #ticket = "";

  constructor(doors: AgentDoors, settings: AgentSettings) {
    this.#doors = doors;
    this.#settings = settings;
    this.#journal = new CommandJournal(doors.files, settings.statePath);
    this.#keepers = settings.instances.map((id) => this.#keeper(id));
    this.#assign();
  }

  /** Keeps the Region until `signal` aborts. The servers go on running; `leave` stops them. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all([
      this.#reportForever(signal),
      this.#askForever(signal),
      ...this.#keepers.map((keeper) => keeper.run(signal)),
    ]);
  }

  /** Stops every server cleanly and says so once more to the controller. */
  async leave(signal: AbortSignal): Promise<void> {
    await Promise.allSettled(this.#keepers.map((keeper) => keeper.leave(signal)));
    await this.#report(signal).catch(() => undefined);
  }

  #keeper(id: InstanceId): InstanceKeeper {
    const { clock, log, postgresOf } = this.#doors;
    const key = `${id.database}/${id.number}`;
    return new InstanceKeeper(
      id,
      { clock, log, postgres: postgresOf(id) },
      {
        changed: () => this.#bell.ring(),
        noteCommand: (progress) => this.#journal.note(key, progress),
        leaseIsInHand: (epoch) => this.#leaseIsInHand(id.database, epoch),
      },
      this.#journal.command(key),
    );
  }

  async #reportForever(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#doors;
    let isAnswered = true;
    while (!signal.aborted) {
      try {
        await this.#report(signal);
        if (!isAnswered) log.info("agent.controller-answers");
        isAnswered = true;
      } catch (error) {
        if (error instanceof AssertionError) throw error;
        if (isAnswered && !signal.aborted) {
          log.warn("agent.controller-silent", { error: describeError(error) });
        }
        isAnswered = false;
      }
      await clock.sleep(reportPauseMs, signal).catch(() => undefined);
      await pause(clock, this.#bell, isAnswered ? reportEveryMs : retryMs, signal);
    }
  }

  async #report(signal: AbortSignal): Promise<void> {
    const askedAtMs = this.#doors.clock.monotonicMs();
    const instances = this.#keepers.map((keeper) => keeper.report());
    const answered = await this.#ask(
      { kind: "report", ticket: this.#ticket, instances },
      reportTimeoutMs,
      signal,
    );
    const answer = decode(reportAnswer, "the controller's answer to a report", answered);
    this.#journal.obey(answer.term, answer.assignments);
    this.#assign();
    this.#takeLeases(answer.leases, askedAtMs);
    this.#ticket = answer.ticket;
    if (!answer.isTaken) this.#bell.ring();
  }

  #assign(): void {
    for (const assignment of this.#journal.assignments) {
      this.#find(assignment.database, assignment.number)?.assign(assignment);
    }
  }

  /** A lease counts from before it was asked for: how long the answer was under way, nobody knows. */
  #takeLeases(leases: readonly LeaseGrant[], askedAtMs: number): void {
    for (const { database, epoch, ttlMs } of leases) {
      this.#leases.set(database, { epoch, untilMs: askedAtMs + ttlMs });
    }
    for (const keeper of this.#keepers) keeper.leaseCame();
  }

  #leaseIsInHand(database: DatabaseId, epoch: Epoch): boolean {
    const lease = this.#leases.get(database);
    return lease?.epoch === epoch && this.#doors.clock.monotonicMs() < lease.untilMs;
  }

  async #askForever(signal: AbortSignal): Promise<void> {
    const { clock } = this.#doors;
    let after = 0;
    while (!signal.aborted) {
      try {
        const answered = await this.#ask({ kind: "commands", after }, 2 * holdMaxMs, signal);
        const batch = this.#obey(answered);
        // Something was decided: its other half, a changed assignment, is in the answer to a report.
        if (batch !== after) this.#bell.ring();
        after = batch;
      } catch (error) {
        if (error instanceof AssertionError) throw error;
        if (signal.aborted) return;
        this.#doors.log.debug("agent.question-failed", { error: describeError(error) });
        await clock.sleep(retryMs, signal).catch(() => undefined);
      }
    }
  }

  #obey(answered: Json): number {
    const { batch, commands } = decode(commandsAnswer, "the controller's commands", answered);
    for (const command of commands) {
      try {
        this.#journal.admit(command);
        this.#find(command.database, command.number)?.obey(command);
      } catch (error) {
        if (!(error instanceof Failure)) throw error;
        this.#doors.log.warn("agent.command-refused", {
          id: command.id,
          error: describeError(error),
        });
      }
    }
    return batch;
  }

  #ask(message: Question, timeoutMs: number, signal: AbortSignal): Promise<Json> {
    const { controller, token } = this.#settings;
    return this.#doors.network.request(
      controller,
      encode(question, message),
      { token, timeoutMs },
      signal,
    );
  }

  #find(database: DatabaseId, number: number): InstanceKeeper | undefined {
    return this.#keepers.find(({ id }) => id.database === database && id.number === number);
  }
}
