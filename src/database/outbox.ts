/**
 * Commands on their way to one agent. The agent asks for everything newer than the batch it has seen and
 * is answered as soon as there is something; a command stays here until its outcome is reported, so an agent
 * that restarts gets it again (and repeats its answer).
 */
import type { Clock } from "../env/env.ts";
import { pause } from "../env/pause.ts";
import type { Command } from "../model/assignment.ts";
import type { ControllerTerm } from "../model/region.ts";
import { Bell } from "../std/bell.ts";

/** 10 s: how long a question for commands is held open when there is none; well below the request's own limit. */
export const holdMaxMs = 10_000;

/** Far more commands than one controller gives in its life. */
const batchesPerTerm = 1_000_000;

export class Outbox {
  readonly #clock: Clock;
  readonly #pending = new Map<string, Command>();
  #bell = new Bell();
  #batch: number;

  /** Batches of one term are never numbers of another, or a new controller's first command could look old. */
  constructor(clock: Clock, term: ControllerTerm) {
    this.#clock = clock;
    this.#batch = term * batchesPerTerm;
  }

  has(id: string): boolean {
    return this.#pending.has(id);
  }

  send(command: Command): void {
    this.#pending.set(command.id, command);
    this.#batch += 1;
    this.#bell.ring();
  }

  /** There is no command, but the agent should report now: what it is to be has changed. */
  poke(): void {
    this.#batch += 1;
    this.#bell.ring();
  }

  /** The outcome is known: the agent need not hear of it again. */
  settle(id: string): void {
    this.#pending.delete(id);
  }

  /** What is pending, once something newer than batch `after` is, or after `holdMaxMs`. */
  async next(
    after: number,
    signal: AbortSignal,
  ): Promise<{ readonly batch: number; readonly commands: readonly Command[] }> {
    const startedMs = this.#clock.monotonicMs();
    while (after === this.#batch && !signal.aborted) {
      const leftMs = startedMs + holdMaxMs - this.#clock.monotonicMs();
      if (leftMs <= 0) break;
      // One agent asks at a time; a question that it gave up must not swallow the ring for the next.
      this.#bell = new Bell();
      await pause(this.#clock, this.#bell, leftMs, signal);
    }
    return { batch: this.#batch, commands: [...this.#pending.values()] };
  }
}
