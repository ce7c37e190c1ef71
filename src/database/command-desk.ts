/**
 * Commands that are given and not settled yet: one at a time for each deed (a step of an operation, on one
 * instance), each attempt with an id of its own, and the next one after a pause when the last one failed.
 */
import type { Clock } from "../env/env.ts";
import type { Command, CommandAction } from "../model/assignment.ts";
import type { CommandProgress } from "../model/instance.ts";
import {
  formatInstance,
  type ControllerTerm,
  type Epoch,
  type InstanceId,
  type RegionId,
} from "../model/region.ts";
import { Attempts } from "./attempts.ts";
import { Outbox } from "./outbox.ts";

export type NewCommand = {
  readonly instance: InstanceId;
  readonly epoch: Epoch;
  readonly version: number;
  /** What this is a step of. Building and mending an instance is an operation of its own, `build`. */
  readonly operation: string;
  readonly step: string;
  readonly action: CommandAction;
};

type Given = Pick<Command, "id" | "operation"> & { readonly region: RegionId };

/** What one deed has come to, as far as this controller has heard. */
export type Deed = Pick<NewCommand, "instance" | "operation" | "step">;

export class CommandDesk {
  readonly #clock: Clock;
  readonly #term: ControllerTerm;
  readonly #attempts: Attempts;
  readonly #outboxes = new Map<RegionId, Outbox>();
  /** Commands that are given and not settled, and what the last of each deed came to. */
  readonly #given = new Map<string, Given>();
  readonly #progress = new Map<string, CommandProgress>();

  constructor(clock: Clock, term: ControllerTerm) {
    this.#clock = clock;
    this.#term = term;
    this.#attempts = new Attempts(clock);
  }

  /** False while the last failed command is too recent for another one. */
  mayTry(deed: Deed): boolean {
    return this.#attempts.mayTry(nameOf(deed));
  }

  /** Undefined before the deed's first command of this term began. */
  progress(deed: Deed): CommandProgress | undefined {
    return this.#progress.get(nameOf(deed));
  }

  /** Answers the command, or undefined when the present attempt was given before, or has to wait. */
  give(asked: NewCommand): Command | undefined {
    const { instance, epoch, version, operation, step, action } = asked;
    const deed = nameOf(asked);
    if (this.#given.has(deed) || !this.#attempts.mayTry(deed)) return undefined;
    // The term is part of the id: a new controller counts attempts from 1 again, and its command is another one.
    const id = `${deed}/${this.#term}.${this.#attempts.number(deed)}`;
    const { database, number } = instance;
    const term = this.#term;
    const command: Command = {
      id,
      term,
      epoch,
      version,
      operation,
      step,
      database,
      number,
      action,
    };
    this.#given.set(deed, { id, operation, region: instance.region });
    // What an earlier attempt came to is no answer to this one.
    this.#progress.delete(deed);
    this.outbox(instance.region).send(command);
    return command;
  }

  /** Hears how far a command has come. One of another controller, or of a deed that is over, is not ours to settle. */
  hear(region: RegionId, progress: CommandProgress | undefined): void {
    if (!progress) return;
    const found = [...this.#given].find(([, { id }]) => id === progress.id);
    // Only the Region that was asked can say what it did.
    if (found?.[1].region !== region) return;
    const [deed, { id }] = found;
    this.#progress.set(deed, progress);
    if (progress.outcome === "running") return;
    this.outbox(region).settle(id);
    this.#given.delete(deed);
    this.#attempts.settled(deed, progress.outcome);
  }

  /** The operation is over: what it asked for is asked no longer. */
  withdraw(operation: string): void {
    for (const [deed, given] of this.#given) {
      if (given.operation !== operation) continue;
      this.outbox(given.region).settle(given.id);
      this.#given.delete(deed);
    }
    for (const deed of this.#progress.keys()) {
      if (deed.startsWith(`${operation}/`)) this.#progress.delete(deed);
    }
    this.#attempts.forget(`${operation}/`);
  }

  outbox(region: RegionId): Outbox {
    const known = this.#outboxes.get(region);
    if (known) return known;
    const fresh = new Outbox(this.#clock, this.#term);
    this.#outboxes.set(region, fresh);
    return fresh;
  }
}

function nameOf({ operation, step, instance }: Deed): string {
  return `${operation}/${step}/${formatInstance(instance)}`;
}
