/** Keeps one replica as it is to be. Observes, asks `decide`, acts; see there for the states. */
import { logTail, sizeOf } from "../env/node/log-end.ts";
import type { Clock, Log } from "../env/env.ts";
import { pauseUntil } from "../env/pause-until.ts";
import { describeError, Failure } from "../model/failure.ts";
import type { ServiceId } from "../model/service.ts";
import { AssertionError, unreachable } from "../std/assert.ts";
import { Backoff } from "../std/backoff.ts";
import type { Pulse } from "../std/pulse.ts";
import type { ServiceSettings } from "../wire/program-settings.ts";
import { becauseCharsMax, type ReplicaFacts } from "../wire/traffic-protocol.ts";
import { checkForever } from "./health-loop.ts";
import { addressOf } from "./launch.ts";
import type { TableRow } from "./process-table.ts";
import { prepareLaunch, type LaunchDoors } from "./prepare-launch.ts";
import type { Variable } from "./program-catalog.ts";
import { redact } from "./redact.ts";
import {
  decide,
  nextHealth,
  stateOf,
  unknownHealth,
  type Answer,
  type Decision,
  type Phase,
} from "./replica-decide.ts";
import { ReplicaProcess } from "./replica-process.ts";
import type { ReplicaRecord } from "./replica-records.ts";
import type { Trouble } from "./trouble.ts";

/** 250 ms between looks at a process that runs: the end of one that is no child of ours is noticed as late. */
const lookMs = 250;
/** 50 ms between looks at one that is to end. */
const endLookMs = 50;
/** 60 s: nothing happens without a beat; a look is a net below that. */
const idleLookMs = 60_000;

const lookMsOf: Readonly<Record<Phase["kind"], number>> = {
  waiting: idleLookMs,
  running: lookMs,
  draining: endLookMs,
  stopping: endLookMs,
};

/** 100 ms after the first end, 10 s at most: a broken service does not spin, and is back soon after it is mended. */
const firstRestartMs = 100;
const restartMsMax = 10_000;
/** What ran for 30 s ended for a new reason. */
const steadyMs = 30_000;
/** 60 s until a program that is not there is looked for again: apt takes seconds of a core. */
const missingMs = 60_000;

/** 700 characters of what it said last: with the rest they fit into what an event and a fact may say. */
const wordsMax = 700;

/** 64 bits tell one start from another. */
const markBytes = 8;

export type KeeperDoors = LaunchDoors & { readonly clock: Clock; readonly log: Log };

export type KeeperHooks = {
  readonly isWanted: () => boolean;
  readonly missing: () => readonly string[];
  /** Nothing is under way to it. Asked once it is listed no more. */
  readonly isIdle: () => boolean;
  /** Beats when one of the first two may be different. */
  readonly pulse: Pulse;
  /** Its state or its process is another one. */
  readonly changed: () => void;
  readonly trouble: Trouble;
};

export type ReplicaPlace = {
  readonly settings: ServiceSettings;
  readonly number: number;
  readonly logPath: string;
  readonly inherited: readonly Variable[];
  readonly fingerprint: string;
  /** How its marks begin. */
  readonly markPrefix: string;
};

export class ReplicaKeeper {
  readonly #place: ReplicaPlace;
  readonly #doors: KeeperDoors;
  readonly #hooks: KeeperHooks;
  readonly #backoff = new Backoff(firstRestartMs, restartMsMax);
  #phase: Phase = { kind: "waiting", untilMs: 0, because: "it has not been started yet" };
  #because = "it has not been started yet";
  #process: ReplicaProcess | undefined;
  #restarts = 0;

  constructor(place: ReplicaPlace, doors: KeeperDoors, hooks: KeeperHooks) {
    this.#place = place;
    this.#doors = doors;
    this.#hooks = hooks;
  }

  get service(): ServiceId {
    return this.#place.settings.service;
  }

  get number(): number {
    return this.#place.number;
  }

  get logPath(): string {
    return this.#place.logPath;
  }

  get isReady(): boolean {
    return stateOf(this.#phase) === "ready";
  }

  /** It may be sent requests, as far as its check says so. */
  get isRunning(): boolean {
    return this.#phase.kind === "running";
  }

  get hasProcess(): boolean {
    return this.#process !== undefined;
  }

  /** Undefined: there is nothing to say of it, for it is neither wanted nor there. */
  get facts(): ReplicaFacts | undefined {
    const process = this.#process;
    if (!process && !this.#hooks.isWanted()) return undefined;
    const nowMs = this.#doors.clock.monotonicMs();
    return {
      ...this.#names,
      state: stateOf(this.#phase),
      because: this.#because.slice(0, becauseCharsMax),
      pid: process?.id.pid,
      restarts: this.#restarts,
      ageMs: process ? Math.max(0, nowMs - process.begin.startedMs) : 0,
      cpuMillis: process?.cpuMillis,
    };
  }

  /** For the next agent; undefined: it has no process. */
  get record(): ReplicaRecord | undefined {
    if (!this.#process) return undefined;
    const { id, begin } = this.#process;
    return {
      ...this.#names,
      ...id,
      mark: begin.mark,
      fingerprint: this.#place.fingerprint,
      startedMs: begin.startedMs,
      hasBeenReady: this.#phase.kind === "running" && this.#phase.hasBeenReady,
      restarts: this.#restarts,
    };
  }

  /** Goes on with what an earlier agent started. Before `run`. */
  adopt(record: ReplicaRecord): void {
    const { pid, mark, startedMs, hasBeenReady, restarts } = record;
    const { logPath, fingerprint } = this.#place;
    this.#process = ReplicaProcess.adopt(record, { mark, startedMs, logPath, logFrom: undefined });
    this.#restarts = restarts;
    const isOutdated = record.fingerprint !== fingerprint;
    // What was well is taken to be, until its check says something else.
    const because = "an earlier agent started it";
    const health = { isHealthy: hasBeenReady, against: 0, because };
    this.#phase = { kind: "running", startedMs, hasBeenReady, health, isOutdated };
    this.#doors.log.info("service.replica-adopted", { ...this.#names, pid, isOutdated });
  }

  /** Until `signal` aborts; leaves its process running. */
  async run(signal: AbortSignal): Promise<void> {
    const checks = this.#check(signal);
    while (!signal.aborted) {
      await this.#step(signal).catch((error: unknown) => this.#recover(error, signal));
    }
    await checks;
  }

  /** At what it uses and who belongs to it, from a table of all processes. */
  look(table: readonly TableRow[], atMs: number): void {
    this.#process?.look(table, atMs);
  }

  /** At once, without waiting for it. */
  kill(): void {
    this.#process?.signal("SIGKILL");
  }

  async #step(signal: AbortSignal): Promise<void> {
    const decision = this.#decide();
    this.#because = decision.because;
    switch (decision.kind) {
      case "wait":
        return this.#wait(decision.untilMs, signal);
      case "start":
        return this.#start(signal);
      case "drain":
        return this.#drain(decision);
      case "stop":
        return this.#stop(decision);
      case "kill":
        return this.#kill(decision.because, signal);
      case "restart":
        return this.#ended(signal);
      case "stopped":
        return this.#stopped(decision, signal);
      default:
        return unreachable(decision);
    }
  }

  /** A step that failed counts as an end of the replica: it is tried again after a pause. */
  async #recover(error: unknown, signal: AbortSignal): Promise<void> {
    if (error instanceof AssertionError) throw error;
    if (signal.aborted) return;
    await unlessAborted(signal, this.#failed(describeError(error), pauseAfter(error), signal));
  }

  #decide(): Decision {
    const { startMs, stopMs } = this.#place.settings;
    const { kind } = this.#phase;
    return decide({
      phase: this.#phase,
      nowMs: this.#doors.clock.monotonicMs(),
      isWanted: this.#hooks.isWanted(),
      // To find out what is missing or left costs something: it is asked in the phase that needs it alone.
      missing: kind === "waiting" ? this.#hooks.missing() : [],
      isAlive: this.#process?.isAlive ?? false,
      isIdle: kind === "draining" && this.#hooks.isIdle(),
      hasFamily: kind === "stopping" && (this.#process?.hasFamily ?? false),
      startMs,
      stopMs,
    });
  }

  async #wait(untilMs: number | undefined, signal: AbortSignal): Promise<void> {
    const { clock } = this.#doors;
    const { kind } = this.#phase;
    const isTold = kind === "running" && this.#process?.tellsItsEnd === true;
    const lookAtMs = clock.monotonicMs() + (isTold ? idleLookMs : lookMsOf[kind]);
    await pauseUntil(clock, this.#hooks.pulse, Math.min(untilMs ?? lookAtMs, lookAtMs), signal);
  }

  async #start(signal: AbortSignal): Promise<void> {
    const { logPath, markPrefix } = this.#place;
    const { log, random, clock } = this.#doors;
    const mark = `${markPrefix}${random.hex(markBytes)}`;
    const launch = await prepareLaunch({ ...this.#place, mark }, this.#doors, signal);
    const logFrom = await sizeOf(logPath);
    // From here to the process there is no wait, in which everything could be killed but this one.
    if (signal.aborted || !this.#hooks.isWanted()) return;
    const startedMs = clock.monotonicMs();
    const ended = (): void => this.#hooks.pulse.beat();
    const started = ReplicaProcess.start(launch, { mark, startedMs, logPath, logFrom }, ended);
    if (!(started instanceof ReplicaProcess)) {
      return this.#failed(await started, undefined, signal);
    }
    this.#process = started;
    const health = unknownHealth;
    this.#become({ kind: "running", startedMs, hasBeenReady: false, health, isOutdated: false });
    log.info("service.replica-started", { ...this.#names, pid: started.id.pid });
  }

  /** From here on it is not `isRunning`: who sends it requests hears that at once. */
  #drain({ why, because }: Decision & { kind: "drain" }): void {
    const { clock, log } = this.#doors;
    log.info("service.replica-draining", { ...this.#names, because });
    this.#become({ kind: "draining", sinceMs: clock.monotonicMs(), why, because });
  }

  #stop({ why, because }: Decision & { kind: "stop" }): void {
    const { clock, log } = this.#doors;
    log.info("service.replica-stopping", { ...this.#names, because });
    this.#process?.signal("SIGTERM");
    this.#become({ kind: "stopping", sinceMs: clock.monotonicMs(), why, because });
  }

  async #kill(because: string, signal: AbortSignal): Promise<void> {
    this.#doors.log.warn("service.replica-killed", { ...this.#names, because });
    await this.#endAll(signal);
  }

  async #stopped(
    { why, because }: Decision & { kind: "stopped" },
    signal: AbortSignal,
  ): Promise<void> {
    if (why === "never-ready") return this.#failed(because, undefined, signal);
    this.#process = undefined;
    this.#become({ kind: "waiting", untilMs: 0, because });
  }

  /** It ended by itself. What it left may hold its port, and has no reason to go on. */
  async #ended(signal: AbortSignal): Promise<void> {
    const because = `it ${this.#process?.ending ?? "is gone"}`;
    const sinceMs = this.#doors.clock.monotonicMs();
    if (sinceMs - (this.#process?.begin.startedMs ?? sinceMs) >= steadyMs) {
      this.#backoff.reset();
      this.#hooks.trouble.isOver();
    }
    this.#become({ kind: "stopping", sinceMs, why: "unwanted", because });
    await this.#failed(because, undefined, signal);
  }

  /** It is not there, and not because anybody wanted that: a word about it, and a pause. Ends what is left of it. */
  async #failed(how: string, pauseMs: number | undefined, signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#doors;
    await this.#endAll(signal);
    const words = await this.#lastWords();
    const because = words === "" ? how : `${how}; its last words: ${words}`;
    const againInMs = pauseMs ?? this.#backoff.nextMs();
    this.#process = undefined;
    this.#restarts += 1;
    log.warn("service.replica-failed", { ...this.#names, because, againInMs });
    this.#hooks.trouble.failed(this.number, because);
    this.#become({ kind: "waiting", untilMs: clock.monotonicMs() + againInMs, because });
  }

  async #endAll(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#doors;
    const isGone = (await this.#process?.endAll(clock, signal)) ?? true;
    if (!isGone) log.error("service.replica-not-killed", { ...this.#names });
  }

  async #lastWords(): Promise<string> {
    const { logPath, logFrom } = this.#process?.begin ?? {};
    if (logPath === undefined || logFrom === undefined) return "";
    const said = await logTail(logPath, logFrom).catch(() => "");
    return redact(said, this.#place.settings).slice(0, wordsMax);
  }

  #check(signal: AbortSignal): Promise<void> {
    const { settings, number } = this.#place;
    const checked = {
      address: addressOf(settings, number),
      health: settings.health,
      subject: () => (this.isRunning ? this.#process : undefined),
      isReady: () => this.isReady,
      heard: (answer: Answer) => this.#heard(answer),
      pulse: this.#hooks.pulse,
    };
    return checkForever(checked, this.#doors.clock, signal);
  }

  #heard(answer: Answer): void {
    const phase = this.#phase;
    if (phase.kind !== "running") return;
    const before = stateOf(phase);
    const health = nextHealth(phase.health, answer, this.#place.settings.health);
    const hasBeenReady = phase.hasBeenReady || health.isHealthy;
    const next: Phase = { ...phase, health, hasBeenReady };
    this.#because = answer.because;
    if (stateOf(next) === before) {
      this.#phase = next;
      return;
    }
    this.#doors.log.info("service.replica-changed", {
      ...this.#names,
      state: stateOf(next),
      because: answer.because,
    });
    if (stateOf(next) === "unready") this.#hooks.trouble.unready(this.number, answer.because);
    this.#become(next);
  }

  #become(phase: Phase): void {
    this.#phase = phase;
    this.#hooks.changed();
  }

  get #names(): { readonly service: ServiceId; readonly number: number } {
    return { service: this.service, number: this.number };
  }
}

async function unlessAborted(signal: AbortSignal, work: Promise<void>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

/** Undefined: by the back-off. */
function pauseAfter(error: unknown): number | undefined {
  return error instanceof Failure && error.code === "service.program-missing"
    ? missingMs
    : undefined;
}
