/**
 * An agent's conversation with the controller: reports, questions for commands, and outcomes that cannot wait for the
 * next report. A lease that comes with an answer counts from before its question, so that questions that wait long are
 * asked anew where a lease may come with their answer.
 */
import type { Clock, Json, Log, Network } from "../env/env.ts";
import { pause } from "../env/pause.ts";
import type { Address } from "../model/address.ts";
import { describeError } from "../model/failure.ts";
import type { CommandProgress } from "../model/instance.ts";
import { AssertionError } from "../std/assert.ts";
import { Bell } from "../std/bell.ts";
import {
  commandsAnswer,
  question,
  reportAnswer,
  type CommandsAnswer,
  type Question,
  type ReportAnswer,
} from "../wire/agent-protocol.ts";
import { decode, encode } from "../wire/codec.ts";
import type { Target } from "./command-journal.ts";
import type { ControllerContact } from "./failsafe.ts";
import { holdMaxMs } from "./outbox.ts";

/** 1 s: a third of the shortest lease, so that a report that is lost does not lose it. */
const reportEveryMs = 1_000;
/** 20 ms: changes that come together go out together. */
const reportPauseMs = 20;
/** 2 s: a report that takes longer is given up; the next one carries newer facts anyway. */
const reportTimeoutMs = 2_000;
/** 2 s for an outcome; the next report carries it as well. */
const outcomeTimeoutMs = 2_000;
/** 200 ms between questions that fail: a controller that restarts is found again at once, without a flood. */
const retryMs = 200;
/** 1 s: a lease that was asked for longer ago is a third over when it comes. */
const freshMs = 1_000;

export type Report = Omit<Extract<Question, { readonly kind: "report" }>, "kind" | "ticket">;

export type LineDoors = { readonly clock: Clock; readonly log: Log; readonly network: Network };

export type LineSettings = { readonly controller: Address; readonly token: string };

export type LineHooks = {
  readonly report: () => Report;
  /** `askedAtMs`: before the question. */
  readonly answered: (answer: ReportAnswer, sent: Report, askedAtMs: number) => void;
  readonly commanded: (answer: CommandsAnswer, askedAtMs: number) => void;
};

export class ControllerLine {
  readonly #doors: LineDoors;
  readonly #settings: LineSettings;
  readonly #hooks: LineHooks;
  readonly #bell = new Bell();
  #ticket = "";
  #answeredAtMs: number;
  #hasFailed = false;
  #asking = new AbortController();
  #askedAtMs = -Infinity;

  constructor(doors: LineDoors, settings: LineSettings, hooks: LineHooks) {
    this.#doors = doors;
    this.#settings = settings;
    this.#hooks = hooks;
    this.#answeredAtMs = doors.clock.monotonicMs();
  }

  /** How the controller was heard last. */
  get contact(): ControllerContact {
    const silentMs = this.#doors.clock.monotonicMs() - this.#answeredAtMs;
    return { silentMs, hasFailed: this.#hasFailed };
  }

  /** Something changed that belongs in a report. */
  reportSoon(): void {
    this.#bell.ring();
  }

  /** Until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all([this.#reportForever(signal), this.#askForever(signal)]);
  }

  async report(signal: AbortSignal): Promise<void> {
    const askedAtMs = this.#doors.clock.monotonicMs();
    const sent = this.#hooks.report();
    const message: Question = { kind: "report", ticket: this.#ticket, ...sent };
    const answered = await this.#ask(message, reportTimeoutMs, signal);
    const answer = decode(reportAnswer, "the controller's answer to a report", answered);
    this.#hooks.answered(answer, sent, askedAtMs);
    this.#answeredAtMs = this.#doors.clock.monotonicMs();
    this.#ticket = answer.ticket;
    if (!answer.isTaken) this.#bell.ring();
  }

  /** Tells at once what a command came to; what is lost of it goes with the next report. */
  async tell(target: Target, progress: CommandProgress, signal: AbortSignal): Promise<void> {
    const { database, number } = target;
    const sending = this.#ask(
      { kind: "outcome", database, number, progress },
      outcomeTimeoutMs,
      signal,
    );
    // What it leads to is the answer to the question that is asked now, and may carry a lease.
    if (progress.outcome !== "running") this.freshen();
    try {
      await sending;
    } catch (error) {
      if (error instanceof AssertionError) throw error;
      this.#doors.log.debug("agent.outcome-failed", { error: describeError(error) });
      this.#bell.ring();
    }
  }

  /** Asks for commands anew, if the present question is old. */
  freshen(): void {
    if (this.#doors.clock.monotonicMs() - this.#askedAtMs < freshMs) return;
    this.#asking.abort(new Error("it is asked anew"));
  }

  async #reportForever(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#doors;
    while (!signal.aborted) {
      try {
        await this.report(signal);
        if (this.#hasFailed) log.info("agent.controller-answers");
        this.#hasFailed = false;
      } catch (error) {
        if (error instanceof AssertionError) throw error;
        if (!this.#hasFailed && !signal.aborted) {
          log.warn("agent.controller-silent", { error: describeError(error) });
        }
        this.#hasFailed = true;
      }
      await clock.sleep(reportPauseMs, signal).catch(() => undefined);
      await pause(clock, this.#bell, this.#hasFailed ? retryMs : reportEveryMs, signal);
    }
  }

  async #askForever(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#doors;
    let after = 0;
    while (!signal.aborted) {
      const asking = new AbortController();
      this.#asking = asking;
      const askedAtMs = clock.monotonicMs();
      this.#askedAtMs = askedAtMs;
      try {
        const either = AbortSignal.any([signal, asking.signal]);
        const answered = await this.#ask({ kind: "commands", after }, 2 * holdMaxMs, either);
        const answer = decode(commandsAnswer, "the controller's commands", answered);
        this.#hooks.commanded(answer, askedAtMs);
        // Something was decided: what the controller wants to know of it is in the next report.
        if (answer.batch !== after) this.#bell.ring();
        after = answer.batch;
      } catch (error) {
        if (error instanceof AssertionError) throw error;
        if (signal.aborted) return;
        if (asking.signal.aborted) continue;
        log.debug("agent.question-failed", { error: describeError(error) });
        await clock.sleep(retryMs, signal).catch(() => undefined);
      }
    }
  }

  #ask(message: Question, timeoutMs: number, signal: AbortSignal): Promise<Json> {
    const { controller, token } = this.#settings;
    const options = { token, timeoutMs };
    return this.#doors.network.request(controller, encode(question, message), options, signal);
  }
}
