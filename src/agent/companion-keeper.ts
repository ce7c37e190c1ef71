/**
 * Keeps one companion running in the Region: its gateway, or its front door. It outlives its agent: so the next agent
 * waits a moment for the call of one that runs already, and starts one only when nobody calls.
 *
 *   looking ──a call──► running ──it ended, or hangs──► looking
 *      └──nobody calls──► starting ──its first call──► running
 */
import type { Clock, Log } from "../env/env.ts";
import type { Detached } from "../env/node/detached.ts";
import { pauseUntil } from "../env/pause-until.ts";
import { Backoff } from "../std/backoff.ts";
import { Pulse } from "../std/pulse.ts";

/** 400 ms: a companion whose agent was replaced asks again each 50 ms. */
const findMs = 400;
/** 5 s for the call of whoever has the address; it may be one that is busy with its own end. */
const takenMs = 5_000;
/** 200 ms between looks at a process that is no child of ours; its end is noticed as late. */
const lookMs = 200;
/** 20 ms between looks at one that has been told to end: its Region waits for it. */
const endLookMs = 20;
/** 15 s of looks without a call, where one comes each second: it hangs, or never began. */
const silentLooksMax = 75;
/** A call that is older does not speak for a companion any more. */
const callMsMax = 3_000;
/** 100 ms after the first end: clients wait for nothing else. */
const firstRestartMs = 100;
/** 5 s: a machine that cannot start a process is not helped by more tries. */
const restartMsMax = 5_000;
/** One that ran for 30 s ended for a new reason. */
const steadyMs = 30_000;
/** What a companion ends with when somebody listens at its address (EX_TEMPFAIL). */
const addressTaken = "exit code 75";

/** Of whoever asked last. */
export type Caller = { readonly pid: number; readonly agoMs: number };

export type CompanionKeeperDoors = {
  /** `gateway`, `front`: for logs. */
  readonly name: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly start: () => Detached;
  readonly caller: () => Caller | undefined;
  readonly isAlive: (pid: number) => boolean;
  readonly kill: (pid: number) => void;
  /** It has become another one, or none. */
  readonly changed: () => void;
};

type State =
  | { readonly kind: "looking" }
  | { readonly kind: "starting"; readonly pid: number | undefined }
  | { readonly kind: "running"; readonly pid: number }
  | { readonly kind: "none" };

export class CompanionKeeper {
  readonly #doors: CompanionKeeperDoors;
  readonly #calls = new Pulse();
  #state: State = { kind: "looking" };

  constructor(doors: CompanionKeeperDoors) {
    this.#doors = doors;
  }

  /** Its process; undefined where there is none, or none that is known. */
  get pid(): number | undefined {
    const state = this.#state;
    return state.kind === "starting" || state.kind === "running" ? state.pid : undefined;
  }

  get state(): "serving" | "starting" | "down" {
    const { kind } = this.#state;
    if (this.#caller() !== undefined) return "serving";
    return kind === "looking" || kind === "starting" ? "starting" : "down";
  }

  /** It is sure that none runs that has ever been told anything. */
  get isAbsent(): boolean {
    return this.#state.kind === "none" || this.#state.kind === "starting";
  }

  /** A companion has asked. */
  called(): void {
    this.#calls.beat();
  }

  /** Until `signal` aborts; leaves it running. */
  async run(signal: AbortSignal): Promise<void> {
    const backoff = new Backoff(firstRestartMs, restartMsMax);
    const { clock, log } = this.#doors;
    let waitMs = findMs;
    while (!signal.aborted) {
      const found = await this.#awaitCall(waitMs, signal);
      if (signal.aborted) return;
      const startedMs = clock.monotonicMs();
      const how =
        found === undefined ? await this.#start(signal) : await this.#adopt(found, signal);
      if (signal.aborted) return;
      this.#become({ kind: "none" });
      if (clock.monotonicMs() - startedMs >= steadyMs) backoff.reset();
      waitMs = how === addressTaken ? takenMs : backoff.nextMs();
      log.warn(`agent.${this.#doors.name}-ended`, { how, restartInMs: waitMs });
    }
  }

  /** Settles when its process has ended, at the latest after `ms`; then it is killed. `run` must have ended. */
  async end(ms: number): Promise<void> {
    const { clock, isAlive, kill } = this.#doors;
    const never = new AbortController().signal;
    const pid = this.pid ?? this.#caller();
    if (pid === undefined) return this.#become({ kind: "none" });
    const untilMs = clock.monotonicMs() + ms;
    while (isAlive(pid) && clock.monotonicMs() < untilMs) await clock.sleep(endLookMs, never);
    if (isAlive(pid)) kill(pid);
    this.#become({ kind: "none" });
  }

  /** The process that calls within `ms`. */
  async #awaitCall(ms: number, signal: AbortSignal): Promise<number | undefined> {
    const { clock } = this.#doors;
    const untilMs = clock.monotonicMs() + ms;
    while (this.#caller() === undefined && clock.monotonicMs() < untilMs && !signal.aborted) {
      await pauseUntil(clock, this.#calls, untilMs, signal);
    }
    return this.#caller();
  }

  async #adopt(pid: number, signal: AbortSignal): Promise<string> {
    const { log, name } = this.#doors;
    log.info(`agent.${name}-found`, { companion: pid });
    this.#become({ kind: "running", pid });
    await this.#watch(pid, () => this.#doors.isAlive(pid), signal);
    return "it is gone";
  }

  async #start(signal: AbortSignal): Promise<string> {
    const child = this.#doors.start();
    this.#become({ kind: "starting", pid: child.pid });
    // It says itself why it could not be started.
    if (child.pid === undefined) return child.ended;
    const over = new AbortController();
    const ended = child.ended.finally(() => over.abort());
    await this.#watch(child.pid, () => true, AbortSignal.any([signal, over.signal]));
    return signal.aborted ? "the agent ends" : ended;
  }

  /** Until it does not live any more, or `signal` aborts; one that hangs is killed. */
  async #watch(pid: number, lives: () => boolean, signal: AbortSignal): Promise<void> {
    const { clock, log, kill, name } = this.#doors;
    let silentLooks = 0;
    while (!signal.aborted && lives()) {
      const isHeard = this.#caller() === pid;
      if (isHeard && this.#state.kind === "starting") this.#become({ kind: "running", pid });
      silentLooks = isHeard ? 0 : silentLooks + 1;
      if (silentLooks === silentLooksMax) {
        log.error(`agent.${name}-hangs`, { companion: pid });
        kill(pid);
      }
      await pauseUntil(clock, this.#calls, clock.monotonicMs() + lookMs, signal);
    }
  }

  /** The process that asked a moment ago, and lives. */
  #caller(): number | undefined {
    const caller = this.#doors.caller();
    const isFresh = caller !== undefined && caller.agoMs <= callMsMax;
    return isFresh && this.#doors.isAlive(caller.pid) ? caller.pid : undefined;
  }

  #become(state: State): void {
    this.#state = state;
    this.#doors.changed();
  }
}
