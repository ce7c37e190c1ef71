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
import { formatInstance, type InstanceId, type SystemId } from "../model/region.ts";
import type { CloneProgress, DataDirectory, Postgres, StartAs } from "../postgres/postgres.ts";
import { assert, unreachable } from "../std/assert.ts";
import { Backoff } from "../std/backoff.ts";
import { Bell } from "../std/bell.ts";
import { decideInstance, type InstanceDecision, type Running } from "./instance-decide.ts";
import { Rate } from "./rate.ts";

/** 1 s: lag and states are read this often; a change rings the bell at once. */
const tickMs = 1_000;
/** 100 ms: a standby that just started begins to stream within a few of these. */
const catchingUpTickMs = 100;
/** 0.5 s doubled up to 10 s: a server that cannot start is tried again, but not in a busy loop. */
const firstRestartMs = 500;
const maxRestartMs = 10_000;
/** Clone progress goes out with the reports; more often than this nobody looks. */
const progressEveryMs = 250;

export type KeeperDoors = { readonly clock: Clock; readonly log: Log; readonly postgres: Postgres };

/** What the agent's region-wide part gives to each keeper. */
export type KeeperHooks = {
  /** Something that belongs in a report changed. */
  readonly changed: () => void;
  /** Durable note of a command's progress. */
  readonly noteCommand: (progress: CommandProgress) => void;
  readonly leaseIsInHand: () => boolean;
};

export class InstanceKeeper {
  readonly id: InstanceId;
  readonly #doors: KeeperDoors;
  readonly #hooks: KeeperHooks;
  readonly #bell = new Bell();
  readonly #restarts = new Backoff(firstRestartMs, maxRestartMs);
  #mayStartAtMs = -Infinity;
  #assignment: Assignment | undefined;
  #command: Command | undefined;
  #progress: CommandProgress | undefined;
  #state: InstanceState = { kind: "starting", because: "the agent has just started" };
  #ensuredSlots = "";
  #running: Running | undefined;
  #systemId: SystemId | undefined;
  #position: Position | undefined;
  #lags: readonly MeasuredLag[] = [];
  #isLeaving = false;

  constructor(
    id: InstanceId,
    doors: KeeperDoors,
    hooks: KeeperHooks,
    last: CommandProgress | undefined,
  ) {
    this.id = id;
    this.#doors = { ...doors, log: doors.log.child({ instance: formatInstance(id) }) };
    this.#hooks = hooks;
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

  /** Something outside changed that a decision depends on: the lease came. */
  look(): void {
    this.#bell.ring();
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
    await this.#adopt(signal).catch((error: unknown) => this.#fail(error));
    while (!signal.aborted) {
      try {
        await this.#tick(signal);
      } catch (error) {
        if (!signal.aborted) this.#fail(error);
      }
      const isSettling = this.#state.kind === "catching-up" || this.#state.kind === "starting";
      await pause(this.#doors.clock, this.#bell, isSettling ? catchingUpTickMs : tickMs, signal);
    }
  }

  /** Stops the server cleanly; from now on nothing starts it. */
  async leave(signal: AbortSignal): Promise<void> {
    this.#isLeaving = true;
    const { postgres } = this.#doors;
    await postgres.stop("fast", signal).catch((error: unknown) => {
      if (!signal.aborted) throw error;
      // Time is up: an unclean stop costs a recovery at the next start, and no commit.
      return postgres.stop("immediate", new AbortController().signal);
    });
    this.#running = undefined;
    this.#become({ kind: "stopped", because: "the Region was stopped" });
  }

  async #adopt(signal: AbortSignal): Promise<void> {
    if (!(await this.#doors.postgres.adopt(signal))) return;
    const { isInRecovery } = await this.#doors.postgres.status(signal);
    this.#running = { kind: "adopted", isInRecovery };
    this.#watchEnd(signal);
    this.#doors.log.info("database.instance-adopted", { isInRecovery });
  }

  async #tick(signal: AbortSignal): Promise<void> {
    if (this.#isLeaving) return;
    if (this.#running && !this.#doors.postgres.isRunning()) this.#running = undefined;
    if (this.#command) return this.#carryOut(this.#command, signal);
    const data = await this.#doors.postgres.inspect(signal);
    this.#systemId = data.kind === "present" ? data.systemId : undefined;
    const decision = decideInstance({
      assignment: this.#assignment,
      leaseIsInHand: this.#hooks.leaseIsInHand(),
      data,
      running: this.#running,
      mayTry: this.#doors.clock.monotonicMs() >= this.#mayStartAtMs,
    });
    await this.#act(decision, data, signal);
    if (this.#running) await this.#observe(signal);
  }

  async #act(decision: InstanceDecision, data: DataDirectory, signal: AbortSignal): Promise<void> {
    const { postgres } = this.#doors;
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
        await postgres.remove({ force: false }, signal);
        this.#bell.ring();
        return;
      case "start":
        return this.#start(decision.as, decision.because, signal);
      case "stop":
        await postgres.stop("fast", signal);
        this.#running = undefined;
        this.#become({ kind: "stopped", because: decision.because });
        this.#bell.ring();
        return;
      case "follow":
        await postgres.follow(decision.upstream, signal);
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
    const { clock, postgres, log } = this.#doors;
    this.#become({ kind: "starting", because });
    try {
      await postgres.start(as, signal);
    } catch (error) {
      this.#mayStartAtMs = clock.monotonicMs() + this.#restarts.nextMs();
      throw error;
    }
    this.#running = as;
    this.#watchEnd(signal);
    log.info("database.instance-started", { as: as.kind, because });
  }

  /** Rings as soon as the server ends, however it ends. */
  #watchEnd(signal: AbortSignal): void {
    const ended = this.#doors.postgres.ended(signal).then((how) => {
      if (signal.aborted || this.#isLeaving) return;
      this.#running = undefined;
      this.#position = undefined;
      this.#lags = [];
      this.#ensuredSlots = "";
      this.#doors.log.warn("database.instance-ended", { how });
      this.#become({ kind: "stopped", because: how });
      this.#bell.ring();
    });
    ended.catch(() => undefined);
  }

  async #observe(signal: AbortSignal): Promise<void> {
    const { postgres } = this.#doors;
    const status = await postgres.status(signal);
    const { timeline, flushedLsn, replayedLsn, isInRecovery, isStreaming } = status;
    this.#systemId = status.systemId;
    this.#position = { timeline, flushedLsn, replayedLsn };
    await this.#ensureSlots(signal);
    this.#lags = await this.#readLags(signal);
    this.#restarts.reset();
    this.#become(
      !isInRecovery || isStreaming
        ? { kind: "serving" }
        : { kind: "catching-up", because: "it does not stream from its upstream yet" },
    );
  }

  async #ensureSlots(signal: AbortSignal): Promise<void> {
    const slots = (this.#assignment?.slots ?? []).map(({ slot }) => slot);
    if (slots.join() === this.#ensuredSlots) return;
    await this.#doors.postgres.ensureSlots(slots, signal);
    this.#ensuredSlots = slots.join();
  }

  async #readLags(signal: AbortSignal): Promise<readonly MeasuredLag[]> {
    const slots = this.#assignment?.slots ?? [];
    if (slots.length === 0) return [];
    const names = slots.map(({ slot }) => slot);
    const lags = await this.#doors.postgres.replicaLags(names, signal);
    return lags.flatMap((lag) => {
      const owner = slots.find(({ slot }) => slot === lag.slot);
      if (!owner) return [];
      const { isStreaming, lagBytes, lagMs, rpoLagMs, progressLagMs, sentBytes, slotIsIntact } =
        lag;
      return [
        {
          ...{ region: owner.region, number: owner.number, isStreaming },
          ...{ lagBytes, lagMs, rpoLagMs, progressLagMs, sentBytes, slotIsIntact },
        },
      ];
    });
  }

  async #carryOut(command: Command, signal: AbortSignal): Promise<void> {
    this.#note({ id: command.id, outcome: "running", because: command.step });
    try {
      await this.#perform(command, signal);
      this.#command = undefined;
      this.#note({ id: command.id, outcome: "done", because: command.step });
    } catch (error) {
      // An agent that ends leaves the command open: it gets it again at its next start.
      if (signal.aborted) throw error;
      this.#command = undefined;
      this.#note({ id: command.id, outcome: "failed", because: describeError(error) });
      throw error;
    } finally {
      this.#bell.ring();
    }
  }

  async #perform(command: Command, signal: AbortSignal): Promise<void> {
    const { postgres } = this.#doors;
    const { action } = command;
    if (action.kind === "create") {
      this.#become({ kind: "creating" });
      const data = await this.#clearUnfinished(signal);
      // Created just before this agent was killed: the answer is the same as then.
      if (data.kind === "present") this.#systemId = data.systemId;
      else this.#systemId = await postgres.create(action, signal);
      this.#become({ kind: "stopped", because: "it was created" });
      return;
    }
    if (action.replace) {
      await postgres.stop("immediate", signal);
      this.#running = undefined;
      await postgres.remove({ force: true }, signal);
    }
    const data = await this.#clearUnfinished(signal);
    if (data.kind === "present") return;
    this.#cloning({ receivedBytes: 0, totalBytes: undefined }, 0);
    const rate = new Rate(this.#doors.clock);
    let saidAtMs = -Infinity;
    await postgres.clone(
      action.upstream,
      action.systemId,
      (progress) => {
        const nowMs = this.#doors.clock.monotonicMs();
        const bytesPerSecond = rate.note(progress.receivedBytes);
        if (nowMs - saidAtMs < progressEveryMs) return;
        saidAtMs = nowMs;
        this.#cloning(progress, bytesPerSecond);
      },
      signal,
    );
    this.#become({ kind: "stopped", because: "it was cloned" });
  }

  async #clearUnfinished(signal: AbortSignal): Promise<DataDirectory> {
    const data = await this.#doors.postgres.inspect(signal);
    if (data.kind !== "unfinished") return data;
    await this.#doors.postgres.remove({ force: false }, signal);
    return this.#doors.postgres.inspect(signal);
  }

  #cloning(progress: CloneProgress, bytesPerSecond: number): void {
    this.#become({ kind: "cloning", ...progress, bytesPerSecond });
  }

  #note(progress: CommandProgress): void {
    assert(
      this.#command === undefined || this.#command.id === progress.id,
      "one command at a time",
    );
    this.#progress = progress;
    this.#hooks.noteCommand(progress);
    this.#hooks.changed();
  }

  #fail(error: unknown): void {
    const code: FailureCode = error instanceof Failure ? error.code : "postgres.query-failed";
    const because = describeError(error);
    this.#doors.log.error("database.instance-failed", { code, error: because });
    this.#become({ kind: "failed", code, because });
  }

  #become(state: InstanceState): void {
    const isNews = JSON.stringify(state) !== JSON.stringify(this.#state);
    this.#state = state;
    if (isNews) this.#hooks.changed();
  }
}
