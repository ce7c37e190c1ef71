/**
 * Keeps one instance what it is assigned to be: observes, decides, acts, and looks again. One keeper per
 * instance, so that a clone of one never delays another.
 */
import type { Clock, Log } from "../env/env.ts";
import { pause } from "../env/pause.ts";
import type { WriteGate } from "../engine/write-gate.ts";
import type { Address } from "../model/address.ts";
import type { Assignment, Command } from "../model/assignment.ts";
import type { NewEvent } from "../model/event.ts";
import type { EvidenceItem } from "../model/evidence.ts";
import { describeError, Failure, type FailureCode } from "../model/failure.ts";
import type {
  CommandProgress,
  InstanceReport,
  InstanceState,
  LeaseHolding,
  Position,
} from "../model/instance.ts";
import { formatInstance, type InstanceId, type SystemId } from "../model/region.ts";
import type { DataDirectory, Postgres, StartAs } from "../postgres/postgres.ts";
import { AssertionError, unreachable } from "../std/assert.ts";
import { Bell } from "../std/bell.ts";
import type { CommandContext, RegionDuties } from "./command-context.ts";
import { CommandQueue } from "./command-queue.ts";
import { observedState } from "./observed-state.ts";
import { decideInstance, type InstanceDecision, type RunningPoint } from "./instance-decide.ts";
import { KeptServer, type KeptServerHooks } from "./kept-server.ts";
import { leaseLeftMsMin } from "./promote-command.ts";
import type { RouteView } from "./route.ts";
import { nothingWatched, WriterWatch, type WriterFacts } from "./writer-watch.ts";

/** 1 s: lag and states are read this often; a change rings the bell at once. */
const tickMs = 1_000;
/** 100 ms: a standby that just started begins to stream within a few of these. */
const settlingTickMs = 100;
/** 60 s between looks at the evidence, which changes only when this keeper changes it. */
const evidenceEveryMs = 60_000;

export type KeeperDoors = {
  readonly clock: Clock;
  readonly log: Log;
  readonly postgres: Postgres;
  readonly gate: WriteGate;
  /** Where the instance listens. */
  readonly address: Address;
};

/** What the agent's region-wide part gives to each keeper. */
export type KeeperHooks = Pick<KeptServerHooks, "arm" | "disarm"> &
  RegionDuties & {
    /** Something that belongs in a report changed. */
    readonly changed: () => void;
    /** A server may write from now on, or its assignment is another one. */
    readonly lookAtFences: () => void;
    /** Durable note of a command's progress. */
    readonly noteCommand: (progress: CommandProgress) => void;
    /** Tells the controller at once. */
    readonly tellCommand: (progress: CommandProgress) => void;
    readonly lease: () => LeaseHolding | undefined;
    readonly tell: (event: NewEvent) => void;
  };

/** States of a server that answers reads: a standby does so also while nothing streams to it. */
const readable: ReadonlySet<string> = new Set(["serving", "catching-up", "promoting"]);

type RestKind = "wait" | "fenced" | "diverged" | "refuse";

export class InstanceKeeper {
  readonly id: InstanceId;
  readonly #doors: KeeperDoors;
  readonly #hooks: KeeperHooks;
  readonly #bell = new Bell();
  readonly #server: KeptServer;
  readonly #commands: CommandQueue;
  #assignment: Assignment | undefined;
  #state: InstanceState = { kind: "starting", because: "the agent has just started" };
  /** Until it is known whether a server of an earlier agent runs, nothing is started. */
  #hasLookedForServer = false;
  #systemId: SystemId | undefined;
  #timeline: number | undefined;
  #position: Position | undefined;
  #diskFreeBytes: number | undefined;
  #point: RunningPoint | undefined;
  #facts: WriterFacts = nothingWatched;
  #watch: { readonly life: number; readonly of: WriterWatch } | undefined;
  #evidence: readonly EvidenceItem[] = [];
  #evidenceAtMs = -Infinity;

  /** `last`: the last commands that the journal knows, oldest first; one that was running then has failed. */
  constructor(
    id: InstanceId,
    doors: KeeperDoors,
    hooks: KeeperHooks,
    last: readonly CommandProgress[],
  ) {
    this.id = id;
    this.#doors = { ...doors, log: doors.log.child({ instance: formatInstance(id) }) };
    this.#hooks = hooks;
    this.#server = new KeptServer(this.#doors, {
      arm: hooks.arm,
      disarm: hooks.disarm,
      mayOpen: () => hooks.leaseLeftMs() > 0 && hooks.handedOver() === undefined,
      changed: hooks.lookAtFences,
      ended: (how) => this.#ended(how),
    });
    this.#commands = new CommandQueue(this.#context(), {
      last,
      ring: () => this.#bell.ring(),
      note: hooks.noteCommand,
      tell: (progress) => {
        hooks.tellCommand(progress);
        hooks.changed();
      },
    });
  }

  /** It runs as a writer, or is about to, or nobody knows yet. */
  get mayWrite(): boolean {
    return this.#server.mayWrite;
  }

  /** The first instance's part in the route of its database. */
  get routeView(): Pick<RouteView, "assignment" | "timeline" | "isFenced" | "writesAreOpen"> {
    const { isFenced, writesAreOpen } = this.#server;
    return { assignment: this.#assignment, timeline: this.#timeline, isFenced, writesAreOpen };
  }

  /** It answers reads, as far as its last look went. */
  get isReadable(): boolean {
    const { running, writesAreOpen } = this.#server;
    return running !== undefined && (writesAreOpen || readable.has(this.#state.kind));
  }

  get assignment(): Assignment | undefined {
    return this.#assignment;
  }

  get evidence(): readonly EvidenceItem[] {
    return this.#evidence;
  }

  assign(assignment: Assignment | undefined): void {
    const isNews = !isSame(assignment, this.#assignment);
    this.#assignment = assignment;
    if (!isNews) return;
    this.#bell.ring();
    this.#hooks.lookAtFences();
  }

  /** A lease came: if that is what the instance waits for, it need not wait for the next tick. */
  leaseCame(): void {
    const isWaiting = this.#server.mayWrite && !this.#server.writesAreOpen;
    if (this.#state.kind === "fenced" || isWaiting) this.#bell.ring();
  }

  /** Does the command once; asked again with the same id, its outcome is just told again. */
  obey(command: Command): void {
    this.#commands.obey(command);
  }

  /** It was given before, and is under way or over. */
  knows({ id }: Command): boolean {
    return this.#commands.knows(id);
  }

  report(): InstanceReport {
    return {
      database: this.id.database,
      number: this.id.number,
      role: this.#assignment?.role,
      state: this.#state,
      epoch: this.#assignment?.epoch,
      version: this.#assignment?.version ?? 0,
      lease: this.#assignment?.role === "primary" ? this.#hooks.lease() : undefined,
      systemId: this.#systemId,
      timeline: this.#timeline,
      position: this.#position,
      diskFreeBytes: this.#diskFreeBytes,
      ...this.#facts,
      command: this.#commands.last,
    };
  }

  /** Adopts what runs, then keeps the instance until `signal` aborts. Leaves the server running. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all([this.#keep(signal), this.#commands.runBeside(signal)]);
  }

  /** Stops the server cleanly. Call it after `run` has ended, or the keeper starts the server again. */
  async leave(signal: AbortSignal): Promise<void> {
    await this.#stop("the Region was stopped", signal);
    this.#doors.postgres.closeProbes();
  }

  /** Every process at once, beside whatever is under way here. @throws Failure when one does not end */
  async fence(because: string): Promise<void> {
    const { log } = this.#doors;
    log.warn("database.instance-fenced", { because });
    try {
      await this.#server.fence();
    } catch (error) {
      log.error("database.fence-failed", { error: describeError(error) });
      throw error;
    }
    this.#forgetFacts();
    this.#become({ kind: "fenced", because });
    const { database, region } = this.id;
    const message = `The writer of ${database} in ${region} was fenced: ${because}.`;
    this.#hooks.tell({ kind: "instance.fenced", message, region, database, details: { because } });
    this.#bell.ring();
  }

  async #keep(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const { fences } = this.#server;
      try {
        await this.#tick(signal);
      } catch (error) {
        if (error instanceof AssertionError) throw error;
        // What was interrupted by a fence has not failed by itself.
        if (fences !== this.#server.fences) this.#bell.ring();
        else if (!signal.aborted) this.#fail(error);
      }
      const isSettling = this.#state.kind === "catching-up" || this.#state.kind === "starting";
      await pause(this.#doors.clock, this.#bell, isSettling ? settlingTickMs : tickMs, signal);
    }
  }

  async #tick(signal: AbortSignal): Promise<void> {
    if (!this.#hasLookedForServer) {
      await this.#server.adopt(signal);
      this.#hasLookedForServer = true;
    }
    this.#server.look();
    if (await this.#commands.carryOutNext(signal)) {
      this.#evidenceAtMs = -Infinity;
      this.#bell.ring();
      return;
    }
    this.#diskFreeBytes = this.#doors.postgres.diskFreeBytes();
    const data = await this.#server.inspect(signal);
    this.#systemId = data.kind === "present" ? data.systemId : undefined;
    // A running server knows better.
    if (!this.#server.running) {
      this.#timeline = data.kind === "present" ? data.end.timeline : undefined;
    }
    await this.#act(this.#decide(data), data, signal);
    if (this.#server.running) await this.#observe(signal);
    else this.#forgetFacts();
    await this.#lookAtEvidence(signal);
  }

  #decide(data: DataDirectory): InstanceDecision {
    return decideInstance({
      assignment: this.#assignment,
      leaseIsInHand: this.#hooks.leaseLeftMs() >= leaseLeftMsMin,
      handedOverTo: this.#hooks.handedOver()?.operation,
      data,
      running: this.#server.running,
      point: this.#point,
      writesAreOpen: this.#server.writesAreOpen,
      mayTry: this.#server.mayTry,
    });
  }

  async #act(decision: InstanceDecision, data: DataDirectory, signal: AbortSignal): Promise<void> {
    const { because } = decision;
    switch (decision.kind) {
      case "wait":
      case "fenced":
      case "diverged":
      case "refuse":
        return this.#rest(decision, data);
      case "start":
        return this.#start(decision.as, because, signal);
      case "fence":
        return this.fence(because);
      case "open-writes":
        return this.#openWrites(signal);
      case "follow":
        return this.#server.follow(decision.upstream, signal);
      case "remove-unfinished":
        await this.#doors.postgres.remove({ force: false }, signal);
        return this.#bell.ring();
      case "stop":
        await this.#stop(because, signal);
        return this.#bell.ring();
      default:
        return unreachable(decision);
    }
  }

  /** Nothing is to be done but to say why. */
  #rest(
    decision: Extract<InstanceDecision, { readonly kind: RestKind }>,
    data: DataDirectory,
  ): void {
    const { because } = decision;
    switch (decision.kind) {
      case "wait":
        return this.#server.running ? undefined : this.#idle(data, because);
      case "fenced":
        if (data.kind === "absent") return this.#idle(data, because);
        return this.#become({ kind: "fenced", because });
      case "diverged":
        return this.#become({ kind: "diverged", because });
      case "refuse":
        return this.#become({ kind: "failed", code: decision.code, because });
      default:
        return unreachable(decision);
    }
  }

  async #start(as: StartAs, because: string, signal: AbortSignal): Promise<void> {
    // A server that keeps failing keeps the words of its failure while it is tried again.
    if (this.#state.kind !== "failed") this.#become({ kind: "starting", because });
    await this.#server.start(as, because, signal);
    // A writer's writes are opened by the next look, which is at once.
    if (as.kind === "primary") this.#bell.ring();
  }

  /** Nothing runs and nothing is to be done: say what is there, but keep the words of a failure. */
  #idle(data: DataDirectory, because: string): void {
    if (this.#state.kind === "failed") return;
    this.#become(data.kind === "absent" ? { kind: "absent" } : { kind: "stopped", because });
  }

  async #openWrites(signal: AbortSignal): Promise<void> {
    const assignment = this.#assignment;
    if (!assignment) return;
    const { epoch, operation } = assignment;
    await this.#watchOf().ensureSlots(assignment, signal);
    await this.#server.openWrites({ epoch, operation: operation ?? "start" }, signal);
    this.#doors.gate.release(epoch, this.id.region);
  }

  async #stop(because: string, signal: AbortSignal): Promise<void> {
    await this.#server.stop("fast", signal);
    this.#forgetFacts();
    this.#become({ kind: "stopped", because });
  }

  #ended(how: string): void {
    this.#forgetFacts();
    this.#become({ kind: "stopped", because: how });
    this.#bell.ring();
  }

  #forgetFacts(): void {
    this.#position = undefined;
    this.#point = undefined;
    this.#facts = nothingWatched;
  }

  async #observe(signal: AbortSignal): Promise<void> {
    const { life } = this.#server;
    const status = await this.#doors.postgres.status(signal);
    const { systemId, timeline, flushedLsn, replayedLsn, isInRecovery, isStreaming } = status;
    this.#server.seen(isInRecovery);
    const facts = await this.#watchOf().look(this.#assignment, status, signal);
    // It may have been fenced, or have ended, meanwhile: then this is nobody's.
    if (!this.#server.running || this.#server.life !== life) return;
    this.#systemId = systemId;
    if (timeline !== this.#timeline) this.#hooks.changed();
    this.#timeline = timeline;
    this.#position = { timeline, flushedLsn, replayedLsn };
    this.#point = { timeline, lsn: flushedLsn, isStreaming };
    this.#facts = facts;
    this.#become(observedState(status, this.#assignment, this.#server.writesAreOpen));
  }

  /** What was set on one server, the next one does not have. */
  #watchOf(): WriterWatch {
    const { life } = this.#server;
    if (this.#watch?.life === life) return this.#watch.of;
    const { clock, postgres } = this.#doors;
    const of = new WriterWatch(this.id, { clock, postgres, tell: this.#hooks.tell });
    this.#watch = { life, of };
    return of;
  }

  async #lookAtEvidence(signal: AbortSignal): Promise<void> {
    const { clock, postgres } = this.#doors;
    if (clock.monotonicMs() - this.#evidenceAtMs < evidenceEveryMs) return;
    this.#evidence = await postgres.evidence(signal);
    this.#evidenceAtMs = clock.monotonicMs();
    this.#hooks.changed();
  }

  #context(): CommandContext {
    return {
      ...this.#doors,
      id: this.id,
      server: this.#server,
      region: this.#hooks,
      assignment: () => this.#assignment,
      become: (state) => this.#become(state),
      evidenceChanged: () => {
        this.#evidenceAtMs = -Infinity;
        this.#bell.ring();
      },
      tell: this.#hooks.tell,
      ensureSlots: (signal) => this.#watchOf().ensureSlots(this.#assignment, signal),
      lastAck: { operation: "", atMs: undefined },
    };
  }

  #fail(error: unknown): void {
    const code: FailureCode = error instanceof Failure ? error.code : "postgres.query-failed";
    const because = describeError(error);
    const isNews = this.#state.kind !== "failed" || this.#state.because !== because;
    if (isNews) this.#doors.log.error("database.instance-failed", { code, error: because });
    this.#become({ kind: "failed", code, because });
  }

  #become(state: InstanceState): void {
    const isNews = !isSame(state, this.#state);
    this.#state = state;
    if (isNews) this.#hooks.changed();
  }
}

/** By what they say. Positions are bigints, which JSON does not know. */
function isSame(a: object | undefined, b: object | undefined): boolean {
  const text = (value: object | undefined): string =>
    JSON.stringify(value, (_, field: unknown) => (typeof field === "bigint" ? `${field}` : field));
  return text(a) === text(b);
}
