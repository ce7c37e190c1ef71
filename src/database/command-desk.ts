/**
 * Commands that are given and not settled yet: one at a time for each instance, each with an id of its own, and
 * the next one after a pause when the last one failed.
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
  readonly action: CommandAction;
};

export class CommandDesk {
  readonly #clock: Clock;
  readonly #term: ControllerTerm;
  readonly #attempts: Attempts;
  readonly #outboxes = new Map<RegionId, Outbox>();

  constructor(clock: Clock, term: ControllerTerm) {
    this.#clock = clock;
    this.#term = term;
    this.#attempts = new Attempts(clock);
  }

  /** False while the last failed command is too recent for another one. */
  mayTry(instance: InstanceId): boolean {
    return this.#attempts.mayTry(formatInstance(instance));
  }

  /** Answers the command, or undefined when the present attempt was given before. */
  give({ instance, epoch, action }: NewCommand): Command | undefined {
    const operation = `build/${formatInstance(instance)}`;
    // The term is part of the id: a new controller counts attempts from 1 again, and its command is another one.
    const id = `${operation}/${this.#term}.${this.#attempts.number(formatInstance(instance))}`;
    const outbox = this.outbox(instance.region);
    if (outbox.has(id)) return undefined;
    const { database, number } = instance;
    const command: Command = {
      id,
      term: this.#term,
      epoch,
      operation,
      step: action.kind,
      database,
      number,
      action,
    };
    outbox.send(command);
    return command;
  }

  /** Hears what a report says of the instance's last command. A command of another controller is not ours to settle. */
  hear(instance: InstanceId, progress: CommandProgress | undefined): void {
    if (!progress || progress.outcome === "running") return;
    const outbox = this.outbox(instance.region);
    if (!outbox.has(progress.id)) return;
    outbox.settle(progress.id);
    this.#attempts.settled(formatInstance(instance), progress.outcome);
  }

  outbox(region: RegionId): Outbox {
    const known = this.#outboxes.get(region);
    if (known) return known;
    const fresh = new Outbox(this.#clock, this.#term);
    this.#outboxes.set(region, fresh);
    return fresh;
  }
}
