/** One Region's agent without a PostgreSQL: it follows its assignment, and a test says what its commands come to. */
import type { Clock, Json } from "../src/env/env.ts";
import type { Assignment, Command, LeaseGrant } from "../src/model/assignment.ts";
import type { CommandResult, InstanceReport } from "../src/model/instance.ts";
import type { RegionId } from "../src/model/region.ts";
import type { RegionFacts } from "../src/database/reports.ts";
import {
  commandsAnswer,
  question,
  reportAnswer,
  type Question,
} from "../src/wire/agent-protocol.ts";
import { decode, encode } from "../src/wire/codec.ts";
import {
  database,
  lagOf,
  position,
  secondaryReport,
  east,
  west,
  europe,
} from "./database-fixtures.ts";

const reportMs = 500;
const retryMs = 50;
/** 100 s, as long as the world's own patience. */
const patienceMs = 100_000;

export type AgentDoor = {
  readonly clock: Clock;
  /** Undefined while there is no controller. */
  readonly ask: (region: RegionId, message: Json) => Promise<Json> | undefined;
};

export class HandMadeAgent {
  readonly region: RegionId;
  /** What it says beside what follows from its assignment. */
  says: Partial<InstanceReport> = { position: position(1, 1_000) };
  peers: RegionFacts["peers"] = [];
  gateway: RegionFacts["gateway"] = undefined;
  /** While false, nothing gets in or out. */
  isUp = true;
  assignment: Assignment | undefined;
  /** Every command that reached it, oldest first. */
  readonly commands: Command[] = [];
  readonly leases: { readonly atMs: number; readonly lease: LeaseGrant }[] = [];
  readonly #door: AgentDoor;
  readonly #wrongs: string[] = [];
  #ticket = "";
  #batch = 0;

  constructor(region: RegionId, door: AgentDoor) {
    this.region = region;
    this.#door = door;
  }

  begin(signal: AbortSignal): void {
    void this.#repeat(reportMs, () => this.report(), signal);
    void this.#repeat(retryMs, () => this.#fetch(), signal);
  }

  get isHeard(): boolean {
    return this.assignment !== undefined;
  }

  /** @throws Error when the controller broke a promise that it gives to every agent. */
  check(): void {
    if (this.#wrongs.length > 0) throw new Error(this.#wrongs.join("\n"));
  }

  /** The newest command of this kind, as soon as there is one that `than` is not. */
  async told(kind: Command["action"]["kind"], than?: Command): Promise<Command> {
    const { clock } = this.#door;
    const endMs = clock.monotonicMs() + patienceMs;
    for (;;) {
      const found = this.commands.findLast(({ action }) => action.kind === kind);
      if (found && found.id !== than?.id) return found;
      if (clock.monotonicMs() > endMs)
        throw new Error(`${this.region} was never told to ${kind}; ${this.#wrongs.join("; ")}`);
      await clock.sleep(5, new AbortController().signal);
    }
  }

  /** How many commands of this kind reached it. */
  count(kind: Command["action"]["kind"]): number {
    return this.commands.filter(({ action }) => action.kind === kind).length;
  }

  async answer(
    command: Command,
    outcome: "running" | "done" | "failed",
    result?: CommandResult,
  ): Promise<void> {
    const { id, number } = command;
    const progress = { id, outcome, because: `it is ${outcome}`, result };
    await this.#ask({ kind: "outcome", database, number, progress });
  }

  /** Waits for the command, and says that it was done. */
  async does(kind: Command["action"]["kind"], result?: CommandResult): Promise<Command> {
    const command = await this.told(kind);
    await this.answer(command, "done", result);
    return command;
  }

  async report(): Promise<void> {
    const { assignment, region, peers } = this;
    const isWriter = assignment?.role === "primary";
    const instance = secondaryReport({
      role: assignment?.role,
      epoch: assignment?.epoch,
      version: assignment?.version ?? 0,
      lags: isWriter ? [east, west, europe].map((other) => lagOf(other)) : [],
      ...this.says,
    });
    const ticket = this.#ticket;
    const facts = {
      instances: [instance],
      evidence: [],
      peers: [...peers],
      gateway: this.gateway,
      events: [],
    };
    const answer = await this.#ask({ kind: "report", ticket, ...facts });
    if (answer === undefined) return;
    const { isTaken, ...told } = decode(reportAnswer, `an answer to ${region}`, answer);
    this.#ticket = told.ticket;
    this.#obey(told);
    if (!isTaken) await this.report();
  }

  async #fetch(): Promise<void> {
    const answer = await this.#ask({ kind: "commands", after: this.#batch });
    if (answer === undefined) return;
    const told = decode(commandsAnswer, `an answer to ${this.region}`, answer);
    this.#batch = told.batch;
    this.#obey(told);
    const known = new Set(this.commands.map(({ id }) => id));
    this.commands.push(...told.commands.filter(({ id }) => !known.has(id)));
    await this.report();
  }

  /** Answers undefined when question or answer were lost. */
  async #ask(asked: Question): Promise<Json | undefined> {
    if (!this.isUp) return undefined;
    const answer = await this.#door.ask(this.region, encode(question, asked));
    return this.isUp ? answer : undefined;
  }

  #obey({
    assignments,
    leases,
  }: {
    readonly assignments: readonly Assignment[];
    readonly leases: readonly LeaseGrant[];
  }): void {
    const [next, ...others] = assignments;
    const { assignment: last, region } = this;
    if (others.length > 0) this.#wrongs.push(`${region} has two assignments for one instance`);
    if (last && next && (next.version < last.version || next.epoch < last.epoch)) {
      const [from, to] = [last, next].map(({ epoch, version }) => `${epoch}.${version}`);
      this.#wrongs.push(`the assignment of ${region} went down from ${from} to ${to}`);
    }
    if (next) this.assignment = next;
    for (const lease of leases) {
      if (next?.role !== "primary") this.#wrongs.push(`${region} has a lease and is no primary`);
      this.leases.push({ atMs: this.#door.clock.monotonicMs(), lease });
    }
  }

  async #repeat(everyMs: number, deed: () => Promise<void>, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await deed().catch((error: unknown) => {
        if (!signal.aborted) this.#wrongs.push(`${this.region}: ${String(error)}`);
      });
      await this.#door.clock.sleep(everyMs, signal).catch(() => undefined);
    }
  }
}
