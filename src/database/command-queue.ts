/**
 * The commands of one instance: each is done once, one after the other, or beside the keeper where it changes nothing
 * of what the keeper looks after. What each came to is told at once, and again to whoever asks again (A7).
 */
import { describeError, Failure } from "../model/failure.ts";
import type { Command } from "../model/assignment.ts";
import type { CommandProgress, CommandResult } from "../model/instance.ts";
import { AssertionError } from "../std/assert.ts";
import { Bell } from "../std/bell.ts";
import type { CommandContext } from "./command-context.ts";
import { isDoneOnce, performCommand, runsBeside } from "./command-performer.ts";

/** 8 that wait: an operation has one or two for an instance at a time; more are not taken, and asked for again. */
const waitingMax = 8;

export type CommandQueueHooks = {
  /** What the journal knows, oldest first. */
  readonly last: readonly CommandProgress[];
  /** The keeper has something to carry out. */
  readonly ring: () => void;
  /** Durable. */
  readonly note: (progress: CommandProgress) => void;
  readonly tell: (progress: CommandProgress) => void;
};

export class CommandQueue {
  readonly #context: CommandContext;
  readonly #hooks: CommandQueueHooks;
  readonly #known = new Map<string, CommandProgress>();
  #waiting: readonly Command[] = [];
  /** To be begun beside the keeper. */
  #beside: readonly Command[] = [];
  readonly #besideBell = new Bell();
  #last: CommandProgress | undefined;

  constructor(context: CommandContext, hooks: CommandQueueHooks) {
    this.#context = context;
    this.#hooks = hooks;
    for (const progress of hooks.last) {
      const known: CommandProgress =
        progress.outcome === "running"
          ? { ...progress, outcome: "failed", because: "the agent was interrupted" }
          : progress;
      this.#known.set(known.id, known);
      this.#last = known;
    }
  }

  /** What the newest command has come to. */
  get last(): CommandProgress | undefined {
    return this.#last;
  }

  knows(id: string): boolean {
    return this.#known.has(id) || [...this.#waiting, ...this.#beside].some((one) => one.id === id);
  }

  obey(command: Command): void {
    const known = this.#known.get(command.id);
    if (known && known.outcome !== "running") return this.#hooks.tell(known);
    if (this.knows(command.id) || this.#waiting.length + this.#beside.length >= waitingMax) return;
    if (runsBeside(command.action)) {
      this.#beside = [...this.#beside, command];
      this.#besideBell.ring();
    } else {
      this.#waiting = [...this.#waiting, command];
      this.#hooks.ring();
    }
  }

  /**
   * Carries out what has waited longest; answers whether there was something.
   * @throws Failure of a creation or a clone: it is the instance's own
   */
  async carryOutNext(signal: AbortSignal): Promise<boolean> {
    const [command] = this.#waiting;
    if (!command) return false;
    this.#waiting = this.#waiting.slice(1);
    const failure = await this.#carryOut(command, signal);
    if (failure !== undefined && isDoneOnce(command.action)) throw failure;
    return true;
  }

  /** Begins what goes on beside the keeper as soon as it comes, until `signal` aborts. */
  async runBeside(signal: AbortSignal): Promise<void> {
    const bugs = new AbortController();
    const either = AbortSignal.any([signal, bugs.signal]);
    while (!either.aborted) {
      for (const command of this.#beside) {
        void this.#carryOut(command, signal).catch((bug: unknown) => bugs.abort(bug));
      }
      this.#beside = [];
      await this.#besideBell.rings(either);
    }
    if (!signal.aborted) bugs.signal.throwIfAborted();
  }

  /** Answers why it failed. @throws AssertionError alone, and the signal's reason */
  async #carryOut(command: Command, signal: AbortSignal): Promise<unknown> {
    const { id, step, action } = command;
    const { log } = this.#context;
    const running: CommandProgress = { id, outcome: "running", because: step, result: undefined };
    if (isDoneOnce(action)) this.#hooks.note(running);
    this.#settle(running);
    try {
      const foundOut = (soFar: CommandResult): void => this.#settle({ ...running, result: soFar });
      const result = await performCommand(this.#context, command, foundOut, signal);
      this.#finish({ id, outcome: "done", because: step, result });
      return undefined;
    } catch (error) {
      if (error instanceof AssertionError) throw error;
      // An agent that ends leaves it as it is; its next start finds it noted as running, or does it again.
      if (signal.aborted) return error;
      const because = describeError(error);
      log.warn("database.command-failed", { id, error: because });
      this.#finish({ id, outcome: "failed", because, result: undefined });
      return error;
    }
  }

  /** What cannot be noted is told nevertheless: after a restart it is done again, or was interrupted. */
  #finish(progress: CommandProgress): void {
    try {
      this.#hooks.note(progress);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      this.#context.log.warn("database.outcome-not-noted", { error: describeError(error) });
    }
    this.#settle(progress);
  }

  #settle(progress: CommandProgress): void {
    this.#known.delete(progress.id);
    this.#known.set(progress.id, progress);
    // As many as the journal keeps, and those that go on.
    for (const [id, { outcome }] of this.#known) {
      if (this.#known.size <= 2 * waitingMax) break;
      if (outcome !== "running") this.#known.delete(id);
    }
    this.#last = progress;
    this.#hooks.tell(progress);
  }
}
