/**
 * Carries operations out: begins them, walks them through their engine's steps, ends them. Every change of an
 * operation is one commit of the store, together with the record where both change, so that whoever comes after this
 * controller finds either the step before or the step after, and nothing between (I6).
 */
import type { Clock, Log } from "../env/env.ts";
import { decideFrame, firstStep, type FrameDecision } from "../engine/frame.ts";
import type { Learnt } from "../engine/engine.ts";
import { Failure } from "../model/failure.ts";
import { newestTimeline } from "../model/fork.ts";
import type {
  EstimatedLoss,
  Operation,
  OperationPreview,
  OperationRequest,
} from "../model/operation.ts";
import { formatInstance, type OperationId, type RegionId } from "../model/region.ts";
import { assert, unreachable } from "../std/assert.ts";
import { claim, nextVersion } from "./claim.ts";
import type { CommandDesk } from "./command-desk.ts";
import { estimateLoss } from "./estimated-loss.ts";
import type { LeaseBook } from "./lease-book.ts";
import type { OperationDeed, OperationView } from "./operation-view.ts";
import type { DatabaseEngine } from "./postgres-engine.ts";
import { precheck, type CodedCheck } from "./prechecks.ts";
import type { RecordBook, RecordChange } from "./record-book.ts";
import type { Reports } from "./reports.ts";
import { closeStep, openStep } from "./step-journal.ts";
import type { StepWatch } from "./step-watch.ts";
import {
  detachedSystem,
  firstIn,
  upstreamAssignment,
  type AddressOf,
  type DatabaseSystem,
} from "./topology.ts";

export type OperationDoors = {
  readonly clock: Clock;
  readonly log: Log;
  readonly records: RecordBook;
  readonly reports: Reports;
  readonly commands: CommandDesk;
  readonly leases: LeaseBook;
  readonly engine: DatabaseEngine;
  readonly addressOf: AddressOf;
  readonly watch: StepWatch;
};

export class Operations {
  readonly #doors: OperationDoors;
  /** Began in this controller's life, so that what became of their commands is known. */
  readonly #own = new Set<OperationId>();

  constructor(doors: OperationDoors) {
    this.#doors = doors;
  }

  /** What it would meet if it began now. */
  preview(system: DatabaseSystem, request: OperationRequest): OperationPreview {
    const record = this.#doors.records.get(system.key);
    const plan = this.#doors.engine.plans[request.kind];
    return {
      database: system.name,
      kind: request.kind,
      from: record.primary,
      to: request.to,
      epoch: record.epoch,
      checks: this.#check(system, request).map(({ name, isPassed, because }) => ({
        name,
        isPassed,
        because,
      })),
      estimatedLoss: request.kind === "failover" ? this.lossOf(system, request.to) : undefined,
      fence: request.kind === "failover" ? this.#fenceOf(system, request) : undefined,
      steps: [
        ...plan.beforeClaim.map(({ name }) => name),
        "claim",
        ...plan.afterClaim.map(({ name }) => name),
      ],
    };
  }

  /** @throws Failure of the first precheck that is not passed */
  async begin(
    system: DatabaseSystem,
    request: OperationRequest,
    signal: AbortSignal,
  ): Promise<Operation> {
    const { records, clock, engine, watch } = this.#doors;
    await records.settle(signal);
    const failed = this.#check(system, request).find(({ isPassed }) => !isPassed);
    if (failed) throw this.#refusal(system, request, failed);
    const record = records.get(system.key);
    const version = record.version + 1;
    const id = `${request.kind}-${system.name}-${version}` as OperationId;
    const step = firstStep(engine.plans[request.kind]);
    const operation: Operation = {
      id,
      system: system.key,
      database: system.name,
      kind: request.kind,
      from: record.primary,
      to: request.to,
      requestedBy: request.requestedBy,
      epoch: record.epoch,
      startedWallMs: clock.wallMs(),
      phase: "before-claim",
      step,
      steps: step === "claim" ? [] : [openStep(step, clock.wallMs())],
      outcome: "running",
      because: "",
      isCancelled: false,
      overrideFence: request.overrideFence,
      pins: request.pins,
      estimatedLoss: request.kind === "failover" ? this.lossOf(system, request.to) : undefined,
      token: undefined,
      fork: undefined,
      writePauseMs: undefined,
    };
    const held = nextVersion(record, { operation: id, isFencing: request.kind === "failover" });
    const superseded = this.#superseded(system.key, id);
    const change = {
      records: [{ key: system.key, before: record, after: held }],
      operations: [operation, ...superseded],
    };
    this.#own.add(id);
    await records.change(change, signal);
    this.#forget(superseded);
    watch.begin(id, step);
    return operation;
  }

  /** Asks for the end of an operation that is not past its claim. @throws Failure `operation.not-cancellable` */
  async cancel(operation: Operation, signal: AbortSignal): Promise<Operation> {
    const { records } = this.#doors;
    await records.settle(signal);
    const now = records.operation(operation.id) ?? operation;
    if (now.phase !== "before-claim") {
      const because =
        now.phase === "claimed" ? "it is past the point of no return" : `it is ${now.outcome}`;
      throw new Failure("operation.not-cancellable", `Could not cancel ${now.id}: ${because}`);
    }
    const cancelled = { ...now, isCancelled: true };
    const record = records.get(now.system);
    // The record is part of it, so that a claim that is made at this moment wins or loses as a whole.
    const change = {
      records: [{ key: now.system, before: record, after: nextVersion(record, {}) }],
      operations: [cancelled],
    };
    await records.change(change, signal);
    return cancelled;
  }

  /** Takes the operation that holds the system one step further, if there is one and it can be. */
  async advance(system: DatabaseSystem, signal: AbortSignal): Promise<boolean> {
    const { records, engine } = this.#doors;
    const { operation: id } = records.get(system.key);
    const operation = id && records.operation(id);
    if (!operation) return false;
    const decision = decideFrame(engine, this.#view(system, operation));
    await this.#act(system, operation, decision, signal);
    return decision.kind !== "wait" && decision.kind !== "do";
  }

  lossOf(system: DatabaseSystem, to: RegionId): EstimatedLoss | undefined {
    const { records, reports } = this.#doors;
    const writer = firstIn(system, records.get(system.key).primary);
    return estimateLoss(reports.lastWords(writer), to);
  }

  async #act(
    system: DatabaseSystem,
    operation: Operation,
    decision: FrameDecision<OperationDeed>,
    signal: AbortSignal,
  ): Promise<void> {
    this.#doors.watch.note(operation.id, decision.because);
    switch (decision.kind) {
      case "wait":
        return;
      case "do":
        for (const deed of decision.deeds) this.#give(system, operation, deed);
        return;
      case "next":
        return this.#next(system, operation, decision, signal);
      case "claim":
        return this.#claim(system, operation, decision, signal);
      case "finish":
        return this.#end(system, operation, { outcome: "completed", ...decision }, signal);
      case "roll-back":
        return this.#end(
          system,
          operation,
          { outcome: "rolled-back", learnt: {}, ...decision },
          signal,
        );
      default:
        unreachable(decision);
    }
  }

  #give(
    system: DatabaseSystem,
    operation: Operation,
    { instance, step, action }: OperationDeed,
  ): void {
    const deed = { instance, step, operation: operation.id };
    // Done is done: a second clean stop of a writer that stopped would fail, and so would the operation.
    if (this.#doors.commands.progress(deed)?.outcome === "done") return;
    const { epoch, version } = this.#doors.records.get(system.key);
    const given = this.#doors.commands.give({ ...deed, epoch, version, action });
    if (given) {
      this.#doors.log.info("database.command-given", {
        id: given.id,
        to: formatInstance(instance),
      });
    }
  }

  async #next(
    system: DatabaseSystem,
    operation: Operation,
    { step, learnt, because }: Extract<FrameDecision<OperationDeed>, { readonly kind: "next" }>,
    signal: AbortSignal,
  ): Promise<void> {
    const { clock, records, watch } = this.#doors;
    const steps = closeStep(operation.steps, watch.ms(operation.id), because);
    const after = {
      ...operation,
      ...learnt,
      step,
      steps: [...steps, openStep(step, clock.wallMs())],
    };
    const changed = this.#promoted(system, learnt);
    // The record is part of it even where it stays as it is, so that a cancellation is not written over.
    const record = records.get(system.key);
    const held = { key: system.key, before: record, after: record };
    await records.change({ records: changed ? [changed] : [held], operations: [after] }, signal);
    watch.begin(operation.id, step);
  }

  async #claim(
    system: DatabaseSystem,
    operation: Operation,
    decision: Extract<FrameDecision<OperationDeed>, { readonly kind: "claim" }>,
    signal: AbortSignal,
  ): Promise<void> {
    const { clock, commands, records, watch } = this.#doors;
    const detachedKey = detachedSystem(system, operation.to).key;
    const changed = claim(operation, {
      key: system.key,
      record: records.get(system.key),
      detachedKey,
      detached: records.has(detachedKey) ? records.get(detachedKey) : undefined,
      wallMs: clock.wallMs(),
    });
    // What was to become of a Region that stood alone ends with its system.
    const ends = changed.some(({ key, after }) => key === detachedKey && !after);
    const superseded = ends ? this.#superseded(detachedKey, operation.id) : [];
    const steps = closeStep(operation.steps, watch.ms(operation.id), decision.because);
    const step = decision.step ?? "end";
    const claimed: Operation = {
      ...operation,
      ...decision.learnt,
      // A Region that was detached is led by itself from now on; the system that it left is free.
      system: operation.kind === "detach" ? detachedKey : operation.system,
      phase: "claimed",
      step,
      steps: [
        ...steps,
        { ...openStep("claim", clock.wallMs()), because: "from here it only goes forward" },
        ...(decision.step === undefined ? [] : [openStep(decision.step, clock.wallMs())]),
      ],
    };
    watch.claims(operation.id);
    await records.change({ records: changed, operations: [claimed, ...superseded] }, signal);
    this.#forget(superseded);
    // What led here is done, or worth nothing any more.
    commands.withdraw(operation.id);
    watch.claimed(operation.id, step);
  }

  async #end(
    system: DatabaseSystem,
    operation: Operation,
    how: {
      readonly outcome: "completed" | "rolled-back";
      readonly learnt: Learnt;
      readonly because: string;
    },
    signal: AbortSignal,
  ): Promise<void> {
    const { watch, commands, records } = this.#doors;
    const steps = closeStep(operation.steps, watch.ms(operation.id), how.because);
    const after: Operation = {
      ...operation,
      ...how.learnt,
      phase: "ended",
      outcome: how.outcome,
      because: how.because,
      steps,
    };
    const before = records.get(system.key);
    const learnt = this.#promoted(system, how.learnt)?.after ?? before;
    const freed = nextVersion(
      { ...learnt, version: before.version },
      { operation: undefined, isFencing: false },
    );
    await records.change(
      { records: [{ key: system.key, before, after: freed }], operations: [after] },
      signal,
    );
    commands.withdraw(operation.id);
    watch.end(operation.id);
  }

  /** A new timeline is part of the system's history from the moment in which anybody hears of it. */
  #promoted({ key }: DatabaseSystem, { fork }: Learnt): RecordChange | undefined {
    if (!fork) return undefined;
    const before = this.#doors.records.get(key);
    const forks = [...before.forks.filter(({ timeline }) => timeline !== fork.timeline), fork];
    return { key, before, after: nextVersion(before, { forks, isPromoted: true }) };
  }

  #view(system: DatabaseSystem, operation: Operation): OperationView {
    const { commands, records, reports, leases, watch, addressOf } = this.#doors;
    const record = records.get(system.key);
    const instanceOf = (region: RegionId): ReturnType<typeof firstIn> => firstIn(system, region);
    return {
      operation,
      stepMs: watch.stepMs(operation.id) ?? 0,
      isInherited: !this.#own.has(operation.id),
      record,
      instanceOf,
      reportOf: (region) => reports.fresh(instanceOf(region)),
      reportAgeMsOf: (region) => reports.ageMs(region),
      progressOf: (region, step) =>
        commands.progress({ operation: operation.id, step, instance: instanceOf(region) }),
      upstreamOf: (from, to) => {
        const upstream = upstreamAssignment(
          instanceOf(from),
          { ...record, primary: to },
          addressOf,
        );
        assert(upstream !== undefined, "no Region streams from itself");
        return upstream;
      },
      leaseLeftMs: leases.leftMs(system.key),
    };
  }

  #check(system: DatabaseSystem, request: OperationRequest): readonly CodedCheck[] {
    const { records, reports } = this.#doors;
    const record = records.get(system.key);
    const detachedKey = detachedSystem(system, request.to).key;
    return precheck(request, {
      system,
      record,
      running: record.operation && records.operation(record.operation),
      detached: records.has(detachedKey) ? records.get(detachedKey) : undefined,
      reportOf: (region) => reports.fresh(firstIn(system, region)),
      pinnedSessions:
        reports
          .freshGateway(record.primary)
          ?.databases.find(({ database }) => database === system.database)?.pinnedSessions ?? 0,
    });
  }

  /** The operation that holds the system, as one that another takes over from. */
  #superseded(key: string, by: OperationId): readonly Operation[] {
    const { records } = this.#doors;
    const id = records.get(key).operation;
    const running = id && records.operation(id);
    if (!running) return [];
    const because = `${by} took over, because its target was given up`;
    return [{ ...running, phase: "ended", outcome: "failed", because }];
  }

  #forget(ended: readonly Operation[]): void {
    for (const { id } of ended) {
      this.#doors.commands.withdraw(id);
      this.#doors.watch.end(id);
    }
  }

  #fenceOf(system: DatabaseSystem, request: OperationRequest): string {
    const { records, reports, leases } = this.#doors;
    const { primary } = records.get(system.key);
    if (request.overrideFence !== undefined) {
      return `not proved: a person vouches for it (${request.overrideFence})${this.#givenUp(system, request)}`;
    }
    if (reports.fresh(firstIn(system, primary))) return `${primary} answers, and is told to stop`;
    const leftMs = Math.ceil(leases.leftMs(system.key));
    return leftMs === 0
      ? `${primary} is silent, and its lease is over`
      : `${primary} is silent; its lease is over in ${leftMs} ms`;
  }

  /** What a person who vouches for the fence gives up besides, in words. */
  #givenUp(system: DatabaseSystem, { to }: OperationRequest): string {
    const { records, reports } = this.#doors;
    const newest = newestTimeline(records.get(system.key).forks);
    const timeline = reports.fresh(firstIn(system, to))?.timeline ?? newest;
    return timeline < newest
      ? `; all of timeline ${newest} is given up: ${to} is on ${timeline}`
      : "";
  }

  #refusal(system: DatabaseSystem, { kind, to }: OperationRequest, failed: CodedCheck): Failure {
    const what = `Could not begin the ${kind} of ${system.name} to ${to}`;
    return new Failure(failed.code, `${what}: ${failed.because}`);
  }
}
