/**
 * Keeps one PgBouncer running. It outlives its agent, so the next agent takes over the one that runs:
 *
 *   looking ──the note names a living process──► running ──it ended──► looking, after a pause
 *      └──nobody──► starting ──spawned, noted──► running
 */
import type { Clock, Log } from "../env/env.ts";
import { describeError, Failure } from "../model/failure.ts";
import { Backoff } from "../std/backoff.ts";
import { onAbort } from "../std/on-abort.ts";
import type { Launched } from "./launch.ts";
import type { ProcessId } from "./process-note.ts";

/** 200 ms between looks at a process that is no child of ours; its end is noticed as late. */
const lookMs = 200;
/** 10 ms between looks at one that has been told to end: its Region waits for it. */
const endLookMs = 10;
/** 100 ms after the first end: clients wait for nothing else. */
const firstRestartMs = 100;
/** 5 s: a machine that cannot start a process is not helped by more tries. */
const restartMsMax = 5_000;
/** One that ran for 30 s ended for a new reason. */
const steadyMs = 30_000;
/** 1 s for a process to be gone after SIGKILL, which takes milliseconds. */
const killMsMax = 1_000;

export type KeeperDoors = {
  readonly clock: Clock;
  readonly log: Log;
  readonly note: { read(): ProcessId | undefined; write(process: ProcessId): void };
  /** Right before it: files that are not right must not be started on. */
  readonly prepare: () => void;
  readonly launch: () => Launched;
  /** Undefined when there is no such process. */
  readonly birthOf: (pid: number) => string | undefined;
  readonly isAlive: (pid: number) => boolean;
  readonly send: (pid: number, name: "SIGINT" | "SIGKILL") => void;
};

export class ProcessKeeper {
  readonly #doors: KeeperDoors;
  #process: ProcessId | undefined;
  #lastEnd: string | undefined;

  constructor(doors: KeeperDoors) {
    this.#doors = doors;
  }

  /** Its number while it lives. */
  get pid(): number | undefined {
    const process = this.#process;
    return process && this.#doors.isAlive(process.pid) ? process.pid : undefined;
  }

  /** How the one before ended, or why it could not be started; undefined while none has. */
  get lastEnd(): string | undefined {
    return this.#lastEnd;
  }

  /** Until `signal` aborts; leaves it running. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#doors;
    const backoff = new Backoff(firstRestartMs, restartMsMax);
    while (!signal.aborted) {
      const startedMs = clock.monotonicMs();
      const how = (await this.#adopt(signal)) ?? (await this.#start(signal));
      if (signal.aborted) return;
      this.#process = undefined;
      this.#lastEnd = how;
      if (clock.monotonicMs() - startedMs >= steadyMs) backoff.reset();
      const restartInMs = backoff.nextMs();
      log.warn("pooler.process-ended", { how, restartInMs });
      await clock.sleep(restartInMs, signal).catch(() => undefined);
    }
  }

  /**
   * It lets what is under way end, for `gracefulMs` at most, and is killed then, or as soon as `signal` aborts. `run`
   * must have been told to end.
   */
  async end(gracefulMs: number, signal: AbortSignal): Promise<void> {
    const process = this.#process ?? this.#noted();
    if (!process) return;
    this.#send(process, "SIGINT");
    if (await this.#isGone(process, gracefulMs, signal)) return;
    this.#doors.log.warn("pooler.process-killed", { pid: process.pid, afterMs: gracefulMs });
    this.#send(process, "SIGKILL");
    await this.#isGone(process, killMsMax, new AbortController().signal);
  }

  /** At once, without waiting. Where `run` goes on, another one is started. */
  kill(): void {
    const process = this.#process ?? this.#noted();
    if (process) this.#send(process, "SIGKILL");
  }

  /** How it ended; undefined when there is none to take over. */
  async #adopt(signal: AbortSignal): Promise<string | undefined> {
    const found = this.#noted();
    if (!found) return undefined;
    this.#doors.log.info("pooler.process-found", { pid: found.pid });
    this.#process = found;
    while (this.#doors.isAlive(found.pid) && !signal.aborted) {
      await this.#doors.clock.sleep(lookMs, signal).catch(() => undefined);
    }
    return "it is gone";
  }

  async #start(signal: AbortSignal): Promise<string> {
    const { prepare, launch, note, birthOf, log } = this.#doors;
    try {
      prepare();
    } catch (error) {
      if (error instanceof Failure) return describeError(error);
      throw error;
    }
    const { pid, ended } = launch();
    // It says itself why it could not be started.
    if (pid === undefined) return ended;
    const process = { pid, born: birthOf(pid) ?? "" };
    this.#process = process;
    try {
      note.write(process);
    } catch (error) {
      // Nobody could find it again.
      this.#send(process, "SIGKILL");
      return `its number could not be noted: ${describeError(error)}`;
    }
    log.info("pooler.process-started", { pid });
    return this.#untilEnded(ended, signal);
  }

  async #untilEnded(ended: Promise<string>, signal: AbortSignal): Promise<string> {
    if (signal.aborted) return "the agent ends";
    let forget = (): void => undefined;
    const aborted = new Promise<string>((resolve) => {
      forget = onAbort(signal, () => resolve("the agent ends"));
    });
    return Promise.race([ended, aborted]).finally(forget);
  }

  #noted(): ProcessId | undefined {
    const noted = this.#doors.note.read();
    return noted && this.#lives(noted) ? noted : undefined;
  }

  /** For one that nobody has looked at for a while; between looks that follow each other its number is enough. */
  #lives({ pid, born }: ProcessId): boolean {
    return this.#doors.isAlive(pid) && this.#doors.birthOf(pid) === born;
  }

  #send(process: ProcessId, name: "SIGINT" | "SIGKILL"): void {
    if (this.#lives(process)) this.#doors.send(process.pid, name);
  }

  async #isGone(process: ProcessId, withinMs: number, signal: AbortSignal): Promise<boolean> {
    const { clock, isAlive } = this.#doors;
    const untilMs = clock.monotonicMs() + withinMs;
    while (isAlive(process.pid) && clock.monotonicMs() < untilMs && !signal.aborted) {
      await clock.sleep(endLookMs, signal).catch(() => undefined);
    }
    return !isAlive(process.pid);
  }
}
