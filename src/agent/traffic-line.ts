/**
 * An agent's line to the controller for everything that has to do with traffic: asks over and over for the newest
 * state, and tells with each question what there is to tell. What it heard last is on its disk, so that a Region that
 * starts while the controller is away does not undo what people have switched.
 */
import type { Clock, Files, Json, Log, Network } from "../env/env.ts";
import { pause } from "../env/pause.ts";
import type { Address } from "../model/address.ts";
import { describeError, Failure } from "../model/failure.ts";
import { Bell } from "../std/bell.ts";
import { decode, encode } from "../wire/codec.ts";
import {
  trafficAnswer,
  trafficHoldMs,
  trafficQuestion,
  type RegionFacts,
  type TrafficAnswer,
} from "../wire/traffic-protocol.ts";

/** An answer comes within a second, or at once, and may have a slow link to cross. */
const answerMs = 5 * trafficHoldMs;
/** 200 ms between questions that fail: a controller that restarts is found again at once, without a flood. */
const retryMs = 200;
/** 20 ms: changes that come together go out together. */
const gatherMs = 20;

export type TrafficLineDoors = {
  readonly clock: Clock;
  readonly log: Log;
  readonly network: Network;
  readonly files: Files;
};

export type TrafficLineSettings = {
  readonly controller: Address;
  readonly token: string;
  readonly statePath: string;
};

export type TrafficLineHooks = {
  readonly facts: () => RegionFacts;
  /** Only what is something else than before. */
  readonly heard: (answer: TrafficAnswer) => void;
};

export class TrafficLine {
  readonly #doors: TrafficLineDoors;
  readonly #settings: TrafficLineSettings;
  readonly #hooks: TrafficLineHooks;
  readonly #bell = new Bell();
  #version = 0;
  #revision = 0;
  /** The last time that one of the two went out. */
  #askedAtMs = -Infinity;
  #isSilent = false;
  #kept = "";

  constructor(doors: TrafficLineDoors, settings: TrafficLineSettings, hooks: TrafficLineHooks) {
    this.#doors = doors;
    this.#settings = settings;
    this.#hooks = hooks;
  }

  /** What an earlier agent here heard last; undefined where there was none. */
  remembered(): TrafficAnswer | undefined {
    const { files, log } = this.#doors;
    const text = files.read(this.#settings.statePath);
    if (text === undefined) return undefined;
    try {
      return decode(trafficAnswer, "the kept traffic state", JSON.parse(text) as Json);
    } catch (error) {
      // Of another version, or damaged: the controller says it anew.
      log.warn("agent.traffic-state-unreadable", { error: describeError(error) });
      return undefined;
    }
  }

  /** There is something to tell that others wait for. */
  tellSoon(): void {
    this.#bell.ring();
  }

  /**
   * Asks until `signal` aborts. Two questions wait at the controller by turns: while the one travels the other is
   * there, so that news does not wait for a question.
   */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all([
      this.#askForever(signal),
      this.#askForever(signal),
      this.#tellForever(signal),
    ]);
  }

  async #askForever(signal: AbortSignal): Promise<void> {
    const { clock } = this.#doors;
    while (!signal.aborted) {
      if (!(await this.#ask(this.#takeTurn(), signal))) {
        await clock.sleep(retryMs, signal).catch(() => undefined);
      }
    }
  }

  /** How long the next question is to wait. News answers both at once; then one comes back earlier, and they part. */
  #takeTurn(): number {
    const nowMs = this.#doors.clock.monotonicMs();
    const isTogether = nowMs - this.#askedAtMs < trafficHoldMs / 4;
    this.#askedAtMs = nowMs;
    return isTogether ? trafficHoldMs / 2 : trafficHoldMs;
  }

  async #tellForever(signal: AbortSignal): Promise<void> {
    const { clock } = this.#doors;
    while (!signal.aborted) {
      // No bound of its own: the questions that go out each second tell it as well.
      await pause(clock, this.#bell, answerMs, signal);
      await clock.sleep(gatherMs, signal).catch(() => undefined);
      await this.#ask(0, signal);
    }
  }

  /** Whether it was answered. */
  async #ask(holdMs: number, signal: AbortSignal): Promise<boolean> {
    if (signal.aborted) return false;
    const { network, log } = this.#doors;
    const { controller, token } = this.#settings;
    const facts = this.#hooks.facts();
    const question = { kind: "traffic", after: this.#version, holdMs, facts } as const;
    try {
      const options = { token, timeoutMs: answerMs };
      const message = encode(trafficQuestion, question);
      const answered = await network.request(controller, message, options, signal);
      this.#take(decode(trafficAnswer, "the controller's traffic state", answered));
    } catch (error) {
      if (signal.aborted) return false;
      if (!(error instanceof Failure)) throw error;
      if (!this.#isSilent) log.warn("agent.traffic-silent", { error: describeError(error) });
      this.#isSilent = true;
      return false;
    }
    if (this.#isSilent) log.info("agent.traffic-heard", { revision: this.#revision });
    this.#isSilent = false;
    return true;
  }

  /** Of two answers on their way the later one may arrive first: nothing goes back. */
  #take(answer: TrafficAnswer): void {
    const { revision } = answer.state;
    const isOlder =
      revision < this.#revision ||
      // Of one state there are several answers: with other targets, each with a larger version.
      (revision === this.#revision && answer.version <= this.#version);
    if (isOlder) return;
    this.#version = answer.version;
    this.#revision = revision;
    // First who waits for it: keeping takes as long as the disk.
    this.#hooks.heard(answer);
    this.#keep(answer);
  }

  /** A disk without room is no reason not to follow. */
  #keep(answer: TrafficAnswer): void {
    const text = JSON.stringify(encode(trafficAnswer, answer));
    if (text === this.#kept) return;
    try {
      this.#doors.files.write(this.#settings.statePath, text, 0o600);
      this.#kept = text;
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      this.#doors.log.warn("agent.traffic-state-not-kept", { error: describeError(error) });
    }
  }
}
