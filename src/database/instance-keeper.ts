/**
 * Keeps one instance what it is assigned to be: observes, decides, acts, and looks again. One keeper per
 * instance, so that a clone of one never delays another.
 */
import type { Clock, Log } from "../env/env.ts";
import { pause } from "../env/pause.ts";
import type { Assignment, Command } from "../model/assignment.ts";
import { describeError, Failure, type FailureCode } from "../model/failure.ts";
import type {
  CommandProgress,
  InstanceReport,
  InstanceState,
  MeasuredLag,
  Position,
} from "../model/instance.ts";
import { formatInstance, type Epoch, type InstanceId, type SystemId } from "../model/region.ts";
import type { DataDirectory, Postgres, StartAs } from "../postgres/postgres.ts";
import { AssertionError, unreachable } from "../std/assert.ts";
import { Bell } from "../std/bell.ts";
import { performCommand } from "./command-performer.ts";
import { decideInstance, type InstanceDecision, type Running } from "./instance-decide.ts";
import { measureLags } from "./measured-lags.ts";
import { RestartPace } from "./restart-pace.ts";

/** 1 s: lag and states are read this often; a change rings the bell at once. */
const tickMs = 1_000;
/** 100 ms: a standby that just started begins to stream within a few of these. */
const settlingTickMs = 100;

export type KeeperDoors = {
  readonly clock: Clock;
  readonly log: Log;
  readonly postgres: Postgres;
};

/** What the agent's region-wide part gives to each keeper. */
export type KeeperHooks = {
  /** Something that belongs in a report changed. */
  readonly changed: () => void;
  /** Durable note of a command's progress. */
  readonly noteCommand: (progress: CommandProgress) => void;
  readonly leaseIsInHand: (epoch: Epoch) => boolean;
};

export class InstanceKeeper {
  readonly id: InstanceId;
  readonly #doors: KeeperDoors;
  readonly #hooks: KeeperHooks;
  readonly #bell = new Bell();
  readonly #restarts: RestartPace;
  #assignment: Assignment | undefined;
  /** Given and not done yet. */
  #command: Command | undefined;
  #progress: CommandProgress | undefined;
  #state: InstanceState = { kind: "starting", because: "the agent has just started" };
  /** Until it is known whether a server of an earlier agent runs, nothing is started. */
  #hasLookedForServer = false;
  #running: Running | undefined;
  #runningOn: DataDirectory | undefined;
  /** Counts servers, so that the end of one is never taken for the end of the next. */
  #life = 0;
  #systemId: SystemId | undefined;
  #position: Position | undefined;
  #lags: readonly MeasuredLag[] = [];
  #ensuredSlots = "";

  /** `last`: the last command that the journal knows; one that was running then has failed. */
  constructor(
    id: InstanceId,
    doors: KeeperDoors,
    hooks: KeeperHooks,
    last: CommandProgress | undefined,
  ) {
    this.id = id;
    this.#doors = { ...doors, log: doors.log.child({ instance: formatInstance(id) }) };
    this.#hooks = hooks;
    this.#restarts = new RestartPace(doors.clock);
    this.#progress =
      last?.outcome === "running"
        ? { ...last, outcome: "failed", because: "the agent was interrupted" }
        : last;
  }

  assign(assignment: Assignment): void {
    const isNews = JSON.stringify(assignment) !== JSON.stringify(this.#assignment);
    this.#assignment = assignment;
    if (isNews) this.#bell.ring();
  }

  /** A lease came: if that is what the instance waits for, it need not wait for the next tick. */
  leaseCame(): void {
    if (this.#state.kind === "fenced") this.#bell.ring();
  }

  /** Does the command once; asked again with the same id, its outcome is just reported again. */
  obey(command: Command): void {
    if (this.#progress?.id === command.id && this.#progress.outcome !== "running") {
      this.#hooks.changed();
      return;
    }
    this.#command = command;
    this.#bell.ring();
  }

  report(): InstanceReport {
    return {
      database: this.id.database,
      number: this.id.number,
      role: this.#assignment?.role,
      state: this.#state,
      epoch: this.#assignment?.epoch,
      systemId: this.#systemId,
      position: this.#position,
      lags: this.#lags,
      command: this.#progress,
    };
  }

  /** Adopts what runs, then keeps the instance until `signal` aborts. Leaves the server running. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.#tick(signal);
      } catch (error) {
        if (error instanceof AssertionError) throw error;
        if (!signal.aborted) this.#fail(error);
      }
      const isSettling = this.#state.kind === "catching-up" || this.#state.kind === "starting";
      await pause(this.#doors.clock, this.#bell, isSettling ? settlingTickMs : tickMs, signal);
    }
  }

  /** Stops the server cleanly. Call it after `run` has ended, or the keeper starts the server again. */
  async leave(signal: AbortSignal): Promise<void> {
    await this.#stop("fast", "the Region was stopped", signal);
  }

  async #tick(signal: AbortSignal): Promise<void> {
    const { postgres } = this.#doors;
    if (!this.#hasLookedForServer) await this.#adopt(signal);
    if (this.#running && !postgres.isRunning()) this.#forgetServer();
    if (this.#command) return this.#carryOut(this.#command, signal);
    const data = await this.#inspect(signal);
    this.#systemId = data.kind === "present" ? data.systemId : undefined;
    const assignment = this.#assignment;
    const decision = decideInstance({
      assignment,
      leaseIsInHand: assignment !== undefined && this.#hooks.leaseIsInHand(assignment.epoch),
      data,
      running: this.#running,
      mayTry: this.#restarts.mayStart(),
    });
    await this.#act(decision, data, signal);
    if (this.#running) await this.#observe(signal);
  }

  /** Below a running server the directory stays what it is, so it is not read again each second. */
  async #inspect(signal: AbortSignal): Promise<DataDirectory> {
    if (this.#running && this.#runningOn) return this.#runningOn;
    const data = await this.#doors.postgres.inspect(signal);
    if (this.#running) this.#runningOn = data;
    return data;
  }

  async #adopt(signal: AbortSignal): Promise<void> {
    if (await this.#doors.postgres.adopt(signal)) {
      const { isInRecovery } = await this.#doors.postgres.status(signal);
      this.#began({ kind: "adopted", isInRecovery }, signal);
      this.#doors.log.info("database.instance-adopted", { isInRecovery });
    }
    this.#hasLookedForServer = true;
  }

  async #act(decision: InstanceDecision, data: DataDirectory, signal: AbortSignal): Promise<void> {
    switch (decision.kind) {
      case "wait":
        if (!this.#running) this.#idle(data, decision.because);
        return;
      case "fenced":
        if (data.kind === "absent") return this.#idle(data, decision.because);
        return this.#become({ kind: "fenced", because: decision.because });
      case "refuse":
        return this.#become({ kind: "failed", code: decision.code, because: decision.because });
      case "remove-unfinished":
        await this.#doors.postgres.remove({ force: false }, signal);
        this.#bell.ring();
        return;
      case "start":
        return this.#start(decision.as, decision.because, signal);
      case "stop":
        await this.#stop("fast", decision.because, signal);
        this.#bell.ring();
        return;
      case "follow":
        await this.#doors.postgres.follow(decision.upstream, signal);
        this.#running = { kind: "secondary", upstream: decision.upstream };
        return;
      default:
        unreachable(decision);
    }
  }

  /** Nothing runs and nothing is to be done: say what is there, but keep the words of a failure. */
  #idle(data: DataDirectory, because: string): void {
    if (this.#state.kind === "failed") return;
    this.#become(data.kind === "absent" ? { kind: "absent" } : { kind: "stopped", because });
  }

  async #start(as: StartAs, because: string, signal: AbortSignal): Promise<void> {
    // A server that keeps failing keeps the words of its failure while it is tried again.
    if (this.#state.kind !== "failed") this.#become({ kind: "starting", because });
    try {
      await this.#doors.postgres.start(as, signal);
    } catch (error) {
      this.#restarts.startFailed();
      throw error;
    }
    this.#began(as, signal);
    this.#doors.log.info("database.instance-started", { as: as.kind, because });
  }

  async #stop(mode: "fast" | "immediate", because: string, signal: AbortSignal): Promise<void> {
    // Its end is no news: it was asked for.
    this.#life += 1;
    await this.#doors.postgres.stop(mode, signal);
    this.#forgetServer();
    this.#become({ kind: "stopped", because });
  }

  #began(running: Running, signal: AbortSignal): void {
    this.#running = running;
    this.#runningOn = undefined;
    this.#restarts.started();
    this.#life += 1;
    // A wait that fails is found out by the next tick, which asks whether the server runs.
    this.#awaitEnd(this.#life, signal).catch(() => undefined);
  }

  /** Rings as soon as the server ends, however it ends. */
  async #awaitEnd(life: number, signal: AbortSignal): Promise<void> {
    const how = await this.#doors.postgres.ended(signal);
    if (signal.aborted || this.#life !== life) return;
    this.#forgetServer();
    this.#restarts.ended();
    this.#doors.log.warn("database.instance-ended", { how });
    this.#become({ kind: "stopped", because: how });
    this.#bell.ring();
  }

  #forgetServer(): void {
    this.#running = undefined;
    this.#runningOn = undefined;
    this.#position = undefined;
    this.#lags = [];
    this.#ensuredSlots = "";
  }

  async #observe(signal: AbortSignal): Promise<void> {
    const { postgres } = this.#doors;
    const { systemId, timeline, flushedLsn, replayedLsn, isInRecovery, isStreaming } =
      await postgres.status(signal);
    const slots = this.#assignment?.slots ?? [];
    await this.#ensureSlots(
      slots.map(({ slot }) => slot),
      signal,
    );
    const lags = await measureLags(postgres, slots, signal);
    if (!this.#running) return;
    this.#systemId = systemId;
    this.#position = { timeline, flushedLsn, replayedLsn };
    this.#lags = lags;
    this.#become(
      !isInRecovery || isStreaming
        ? { kind: "serving" }
        : { kind: "catching-up", because: "it does not stream from its upstream yet" },
    );
  }

  async #ensureSlots(slots: readonly string[], signal: AbortSignal): Promise<void> {
    if (slots.join() === this.#ensuredSlots) return;
    await this.#doors.postgres.ensureSlots(slots, signal);
    this.#ensuredSlots = slots.join();
  }

  async #carryOut(command: Command, signal: AbortSignal): Promise<void> {
    const { id, step, action } = command;
    const { clock, postgres } = this.#doors;
    this.#note({ id, outcome: "running", because: step });
    const performer = {
      clock,
      postgres,
      stopServer: (because: string) => this.#stop("immediate", because, signal),
      become: (state: InstanceState) => this.#become(state),
    };
    try {
      await performCommand(performer, action, this.#assignment, signal);
      this.#settle(id, { id, outcome: "done", because: step });
    } catch (error) {
      // An agent that ends leaves it noted as running; its next start reports it as interrupted.
      if (!signal.aborted)
        this.#settle(id, { id, outcome: "failed", because: describeError(error) });
      throw error;
    } finally {
      this.#bell.ring();
    }
  }

  /** A newer command may have come in the meantime: it stays. */
  #settle(id: string, progress: CommandProgress): void {
    if (this.#command?.id === id) this.#command = undefined;
    this.#note(progress);
  }

  #note(progress: CommandProgress): void {
    this.#progress = progress;
    this.#hooks.changed();
    this.#hooks.noteCommand(progress);
  }

  #fail(error: unknown): void {
    const code: FailureCode = error instanceof Failure ? error.code : "postgres.query-failed";
    const because = describeError(error);
    const isNews = this.#state.kind !== "failed" || this.#state.because !== because;
    if (isNews) this.#doors.log.error("database.instance-failed", { code, error: because });
    this.#become({ kind: "failed", code, because });
  }

  #become(state: InstanceState): void {
    const isNews = JSON.stringify(state) !== JSON.stringify(this.#state);
    this.#state = state;
    if (isNews) this.#hooks.changed();
  }
}
