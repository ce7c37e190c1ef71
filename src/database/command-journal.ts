/**
 * What one agent has been told and has promised, on its own disk: the highest controller term, and the highest epoch
 * and record version of each instance; its assignments; the last commands with their outcomes; the writers that it
 * handed over; its promises. So it refuses what is older, and repeats what it did, also after its own restart.
 */
import type { Files } from "../env/env.ts";
import type { Assignment, Command } from "../model/assignment.ts";
import { Failure } from "../model/failure.ts";
import type { CommandProgress } from "../model/instance.ts";
import type { ControllerTerm, DatabaseId, Epoch } from "../model/region.ts";
import { assert } from "../std/assert.ts";
import {
  formatState,
  nothingYet,
  parseState,
  type AgentState,
  type HandOverMark,
  type Seal,
} from "./agent-state.ts";

/** 8: a controller asks for at most a few at once, and repeats none that it has settled. */
const commandsKeptMax = 8;

/** Half of an instance's name: an agent's Region is always its own. */
export type Target = { readonly database: DatabaseId; readonly number: number };

/** A report's answer names every instance; that to a question for commands may have been under way for longer. */
export type Extent = "everything" | "news";

export class CommandJournal {
  readonly #files: Files;
  readonly #path: string;
  #state: AgentState;
  #written: string;

  /** @throws Failure `state.damaged` when the file is there and cannot be understood. */
  constructor(files: Files, path: string) {
    this.#files = files;
    this.#path = path;
    const text = files.read(path);
    this.#state = text === undefined ? nothingYet : parseState(text, path);
    this.#written = text ?? "";
  }

  get assignments(): readonly Assignment[] {
    return this.#state.assignments;
  }

  assignment(target: Target): Assignment | undefined {
    return this.#state.assignments.find((one) => isFor(one, target));
  }

  /** The last commands of an instance, oldest first. */
  commands(target: Target): readonly CommandProgress[] {
    return this.#state.commands[nameOf(target)] ?? [];
  }

  /** The highest epoch that was obeyed for any instance of the database; 0 when it is unknown here. */
  epochOf(database: DatabaseId): Epoch {
    const epochs = Object.entries(this.#state.known)
      .filter(([name]) => name.startsWith(`${database}/`))
      .map(([, { epoch }]) => epoch);
    return Math.max(0, ...epochs) as Epoch;
  }

  /**
   * Keeps what a controller of `term` says, and answers the assignments that are older than what was obeyed before:
   * those are refused, and none of the others with them.
   * @throws Failure `agent.superseded` when a controller of a higher term was obeyed before.
   */
  obey(
    term: ControllerTerm,
    given: readonly Assignment[],
    extent: Extent = "everything",
  ): readonly Assignment[] {
    this.#refuseOlderTerm(term);
    const refused = given.filter((one) => this.#isOlder(one));
    const taken = given.filter((one) => !refused.includes(one));
    const kept = this.#state.assignments.filter((one) => {
      const isReplaced = taken.some((other) => isFor(one, other));
      const isMeant = refused.some((other) => isFor(one, other));
      return !isReplaced && (isMeant || extent === "news");
    });
    const known = { ...this.#state.known };
    for (const one of taken) known[nameOf(one)] = { epoch: one.epoch, version: one.version };
    this.#save({ ...this.#state, term, assignments: [...kept, ...taken], known });
    return refused;
  }

  /**
   * Lets a command pass, and keeps its term: the controller that gave it may speak here before it says what to be.
   * A record that changed while its own operation holds it makes a command no older.
   * @throws Failure `agent.superseded`
   */
  admit(command: Command): void {
    this.#refuseOlderTerm(command.term);
    const known = this.#state.known[nameOf(command)];
    const holder = this.assignment(command)?.operation;
    const isOfHolder = command.operation === holder && command.epoch === known?.epoch;
    if (this.#isOlder(command) && !isOfHolder) {
      const because = `this agent has obeyed epoch ${known?.epoch}, version ${known?.version}`;
      const what = `epoch ${command.epoch}, version ${command.version} of ${command.database}`;
      throw new Failure("agent.superseded", `Refused ${command.step} of ${what}: ${because}`);
    }
    this.#save({ ...this.#state, term: command.term });
  }

  /** Durable before the deed (`running`), where it must not be done twice, and after it. */
  note(target: Target, progress: CommandProgress): void {
    const others = this.commands(target).filter(({ id }) => id !== progress.id);
    const kept = [...others, progress].slice(-commandsKeptMax);
    this.#save({ ...this.#state, commands: { ...this.#state.commands, [nameOf(target)]: kept } });
  }

  /** Durable before the writer is stopped, so that whatever interrupts this agent does not start it again. */
  noteHandOver(database: DatabaseId, mark: HandOverMark): void {
    this.#save({ ...this.#state, handedOver: { ...this.#state.handedOver, [database]: mark } });
  }

  /** The mark that keeps the writer of `target` down, while it is not void. */
  handedOver(target: Target): HandOverMark | undefined {
    return this.#unlessVoid(this.#state.handedOver[target.database], target);
  }

  get promises(): AgentState["promises"] {
    return this.#state.promises;
  }

  /** The epoch up to which nothing is promised now; 0 when nothing is sealed. */
  sealedEpoch(database: DatabaseId): Epoch {
    const seal = this.#unlessVoid(this.#state.sealed[database], { database, number: 1 });
    return seal?.epoch ?? (0 as Epoch);
  }

  /** Durable before the promise is given. */
  notePromise(database: DatabaseId, epoch: Epoch, ttlMs: number): void {
    assert(epoch > this.sealedEpoch(database), "what is sealed is not promised");
    const promises = { ...this.#state.promises, [database]: { epoch, ttlMs } };
    this.#save({ ...this.#state, promises });
  }

  /** Durable before anybody may rely on it. One that an older version of the record asks for changes nothing. */
  noteSealed(database: DatabaseId, seal: Seal): void {
    const present = this.#state.sealed[database];
    if (present && present.version > seal.version) return;
    this.#save({ ...this.#state, sealed: { ...this.#state.sealed, [database]: seal } });
  }

  /**
   * What was noted for an operation is void as soon as a newer version of the record says that another operation, or
   * none, holds the database system, or that a new epoch has begun: then the operation cannot claim any more, or has.
   */
  #unlessVoid<M extends Seal>(mark: M | undefined, target: Target): M | undefined {
    const assignment = this.assignment(target);
    if (!mark || !assignment || assignment.version <= mark.version) return mark;
    const isVoid = assignment.epoch > mark.epoch || assignment.operation !== mark.operation;
    return isVoid ? undefined : mark;
  }

  #refuseOlderTerm(term: ControllerTerm): void {
    const known = this.#state.term;
    if (term >= known) return;
    const because = `this agent has obeyed term ${known}`;
    throw new Failure("agent.superseded", `Refused a controller of term ${term}: ${because}`);
  }

  #isOlder(given: Target & { readonly epoch: Epoch; readonly version: number }): boolean {
    const known = this.#state.known[nameOf(given)];
    return known !== undefined && (given.epoch < known.epoch || given.version < known.version);
  }

  #save(state: AgentState): void {
    const text = formatState(state);
    if (text !== this.#written) this.#files.write(this.#path, text, 0o600);
    this.#written = text;
    this.#state = state;
  }
}

function nameOf({ database, number }: Target): string {
  return `${database}/${number}`;
}

function isFor(assignment: Target, target: Target): boolean {
  return assignment.database === target.database && assignment.number === target.number;
}
