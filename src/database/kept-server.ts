/**
 * The server process of one instance, as its keeper has it: what runs, whether it may be accepting writes, and when it
 * ended. Everything that starts, promotes or ends it passes here, so that a lease is on the board before a writer can
 * be, and off it before a standby is (A13).
 */
import type { Clock, Log } from "../env/env.ts";
import { Failure } from "../model/failure.ts";
import type { Fork } from "../model/fork.ts";
import type {
  DataDirectory,
  Postgres,
  StartAs,
  Upstream,
  WriteMark,
} from "../postgres/postgres.ts";
import type { Running } from "./instance-decide.ts";
import { RestartPace } from "./restart-pace.ts";

export type KeptServerDoors = {
  readonly clock: Clock;
  readonly log: Log;
  readonly postgres: Postgres;
};

export type KeptServerHooks = {
  /** Before it can be a writer. @throws Failure, and then it is none */
  readonly arm: () => void;
  readonly disarm: () => void;
  /** Whether the lease of the assigned epoch is in hand at this moment. */
  readonly mayOpen: () => boolean;
  /** It may write from now on, or lets writes in, or cannot any more. */
  readonly changed: () => void;
  /** It ended, and nobody here had asked for it. */
  readonly ended: (how: string) => void;
};

/** A fence is finished whatever else is given up. */
const never = new AbortController().signal;

export class KeptServer {
  readonly #doors: KeptServerDoors;
  readonly #hooks: KeptServerHooks;
  readonly #restarts: RestartPace;
  #running: Running | undefined;
  #runningOn: DataDirectory | undefined;
  #mayWrite = false;
  #isFenced = false;
  #writesAreOpen = false;
  /** Counts servers, so that the end of one is never taken for the end of the next. */
  #life = 0;
  #fences = 0;

  constructor(doors: KeptServerDoors, hooks: KeptServerHooks) {
    this.#doors = doors;
    this.#hooks = hooks;
    this.#restarts = new RestartPace(doors.clock);
  }

  get running(): Running | undefined {
    return this.#running;
  }

  /** It runs as a writer, or is about to, or nobody knows yet. */
  get mayWrite(): boolean {
    return this.#mayWrite;
  }

  /** It is being killed, or was, and nothing was started since. */
  get isFenced(): boolean {
    return this.#isFenced;
  }

  get writesAreOpen(): boolean {
    return this.#writesAreOpen;
  }

  get mayTry(): boolean {
    return this.#restarts.mayStart();
  }

  /** A new one for each server that is started, promoted or adopted. */
  get life(): number {
    return this.#life;
  }

  /** How often it was fenced: what failed because of that has not failed by itself. */
  get fences(): number {
    return this.#fences;
  }

  /** Below a running server the directory stays what it is, so it is not read again each second. */
  async inspect(signal: AbortSignal): Promise<DataDirectory> {
    if (this.#running && this.#runningOn) return this.#runningOn;
    const data = await this.#doors.postgres.inspect(signal);
    if (this.#running) this.#runningOn = data;
    return data;
  }

  /** Takes over what an earlier agent left running. Answers whether there was something. */
  async adopt(signal: AbortSignal): Promise<boolean> {
    const { postgres } = this.#doors;
    const data = await postgres.inspect(signal);
    // Before it is known what it does: a server that does not answer may still be acknowledging writes.
    const mayBeWriter = !(data.kind === "present" && data.isStandby);
    if (!(await postgres.adopt(signal))) {
      this.#forget();
      return false;
    }
    if (mayBeWriter) this.#expectWrites();
    const { isInRecovery } = await postgres.status(signal);
    this.seen(isInRecovery);
    this.#began({ kind: "adopted", isInRecovery }, signal);
    this.#doors.log.info("database.instance-adopted", { isInRecovery });
    return true;
  }

  /** A running server says what it is: one may have been promoted by an agent that was killed in the middle of it. */
  seen(isInRecovery: boolean): void {
    if (isInRecovery && this.#running === undefined) this.#expectNoWrites();
    if (isInRecovery || this.#mayWrite) return;
    this.#expectWrites();
    if (this.#running) this.#running = { kind: "adopted", isInRecovery };
  }

  /** @throws Failure; also when it was fenced meanwhile */
  async start(as: StartAs, because: string, signal: AbortSignal): Promise<void> {
    if (as.kind === "primary") this.#expectWrites();
    else this.#expectNoWrites();
    await this.#unlessFenced(async () => {
      try {
        await this.#doors.postgres.start(as, signal);
      } catch (error) {
        this.#restarts.startFailed();
        if (!this.#doors.postgres.isRunning()) this.#expectNoWrites();
        throw error;
      }
    });
    this.#began(as, signal);
    this.#doors.log.info("database.instance-started", { as: as.kind, because });
  }

  /** Makes the standby that runs a writer whose writes are closed yet; one that is a writer already is that. */
  async promote(signal: AbortSignal): Promise<Fork> {
    this.#expectWrites();
    const fork = await this.#unlessFenced(() => this.#doors.postgres.promote(signal));
    this.#running = { kind: "primary" };
    this.#runningOn = undefined;
    return fork;
  }

  /** @throws Failure `agent.superseded` without the lease: this is the last moment to look (A1) */
  async openWrites(mark: WriteMark, signal: AbortSignal): Promise<void> {
    if (!this.#hooks.mayOpen()) {
      throw new Failure("agent.superseded", "Its writes stay closed: there is no lease");
    }
    await this.#unlessFenced(() => this.#doors.postgres.openWrites(mark, signal));
    this.#writesAreOpen = true;
    this.#hooks.changed();
  }

  async follow(upstream: Upstream, signal: AbortSignal): Promise<void> {
    await this.#doors.postgres.follow(upstream, signal);
    this.#running = { kind: "secondary", upstream };
  }

  /** Answers whether it ended cleanly. */
  async stop(mode: "fast" | "immediate", signal: AbortSignal): Promise<boolean> {
    // Its end is no news: it was asked for.
    this.#life += 1;
    const isClean = await this.#doors.postgres.stop(mode, signal);
    this.#forget();
    return isClean;
  }

  /** Every process at once, beside whatever else is under way here, which then fails. */
  async fence(): Promise<void> {
    this.#life += 1;
    this.#fences += 1;
    // First of all: whoever passes on what it acknowledges is not to do so any more.
    this.#isFenced = true;
    this.#hooks.changed();
    await this.#doors.postgres.fence(never);
    this.#forget();
  }

  /** Finds out that it is gone where nobody was told. */
  look(): void {
    if (this.#running && !this.#doors.postgres.isRunning()) this.#forget();
  }

  async #unlessFenced<T>(work: () => Promise<T>): Promise<T> {
    const fences = this.#fences;
    const answer = await work();
    if (fences === this.#fences) return answer;
    await this.#doors.postgres.fence(never);
    this.#forget();
    throw new Failure("postgres.start-failed", "It was fenced in the meantime");
  }

  #began(running: Running, signal: AbortSignal): void {
    this.#running = running;
    this.#runningOn = undefined;
    this.#isFenced = false;
    this.#writesAreOpen = false;
    this.#restarts.started();
    this.#life += 1;
    // A wait that fails is found out by the next look.
    this.#awaitEnd(this.#life, signal).catch(() => undefined);
  }

  async #awaitEnd(life: number, signal: AbortSignal): Promise<void> {
    const how = await this.#doors.postgres.ended(signal);
    if (signal.aborted || this.#life !== life) return;
    this.#forget();
    this.#restarts.ended();
    this.#doors.log.warn("database.instance-ended", { how });
    this.#hooks.ended(how);
  }

  #expectWrites(): void {
    this.#hooks.arm();
    this.#mayWrite = true;
    this.#hooks.changed();
  }

  #expectNoWrites(): void {
    this.#mayWrite = false;
    this.#hooks.disarm();
  }

  #forget(): void {
    this.#running = undefined;
    this.#runningOn = undefined;
    this.#writesAreOpen = false;
    try {
      this.#expectNoWrites();
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      // It stays on the board, and what is gone is killed again. Before a standby starts, it has to come off.
    }
    this.#hooks.changed();
  }
}
