/**
 * Brings a unit to a server: decides where it goes, waits for what it has to wait for, and answers here what no server
 * is asked about.
 *
 *   route ─► decide ─► answer here
 *              │
 *              ├─► local ─► consistency ─┐
 *              └─► writer ─► door ───────┴─► pool ─► the exchange
 */
import { unreachable } from "../std/assert.ts";
import { encodeError, type PgError } from "../wire/postgres/error-response.ts";
import { asksSequences } from "./after-unit.ts";
import { promises } from "./consistency.ts";
import { decideUnit, type UnitDecision } from "./decide-unit.ts";
import { noServer, queryCancelled, readRefused, tokenLost, tooManyHeld } from "./gateway-errors.ts";
import { answerHere, type OwnAnswer } from "./own-commands.ts";
import { poolClosedCode, serverAwayCode } from "./server-pool.ts";
import type { ServerSeat } from "./server-seat.ts";
import { tellReady, type SessionContext } from "./session-context.ts";
import type { TargetKind } from "./session-home.ts";
import type { UnitExchange } from "./unit-exchange.ts";
import { retriesMax, triedAgain, type UnitTask } from "./unit-task.ts";
import { undoAfter, type Unit } from "./unit.ts";
import type { Passage } from "./writer-door.ts";

/** What a unit waits for. Giving up is all that can be done about it from outside. */
type Waiting = {
  readonly what: "writer" | "server" | "read" | "meaning";
  readonly sinceMs: number;
  readonly kind: TargetKind;
  readonly unit: Unit;
  readonly giveUp: () => void;
};

/** What a transaction that is lost is told, also in the middle of a unit. */
const lostHere = new Set<UnitDecision["kind"]>(["broken", "rollback-broken", "aborted"]);

export class UnitRouter {
  readonly #context: SessionContext;
  readonly #exchange: UnitExchange;
  readonly #seat: ServerSeat;
  #waiting: Waiting | undefined;

  constructor(context: SessionContext, exchange: UnitExchange) {
    this.#context = context;
    this.#exchange = exchange;
    this.#seat = exchange.seat;
  }

  get waitsFor(): Waiting["what"] | undefined {
    return this.#waiting?.what;
  }

  /** What it is has to be found out first. */
  async routeWhenKnown(
    unit: Unit,
    learn: () => Promise<UnitTask["meaning"]>,
    { startedAtMs, isOpen }: Pick<UnitTask, "startedAtMs" | "isOpen">,
  ): Promise<void> {
    let isWanted = true;
    this.#wait("meaning", "writer", unit, () => (isWanted = false));
    const meaning = await learn();
    if (!isWanted || this.#context.end.isOver) return;
    this.#waiting = undefined;
    this.route({ unit, meaning, startedAtMs, isOpen, retries: 0 });
  }

  route(task: UnitTask): void {
    const decision = this.#decide(task);
    if (decision.kind === "local" || decision.kind === "writer") {
      const because = this.#whyLost();
      if (because !== undefined) return this.#tellLoss(task.unit, because);
    }
    if (task.isOpen && !lostHere.has(decision.kind)) return this.#routeOpen(task);
    switch (decision.kind) {
      case "same-server":
        if (this.#seat.server) this.#exchange.send(task, this.#seat.server);
        return;
      case "local":
        return this.#toLocal(task, decision.passage);
      case "writer":
        return this.toWriter(task, decision.passage);
      default:
        return this.#answerHere(task.unit, decision);
    }
  }

  /** Its server was lost, or the writer is another one by now. */
  retry(task: UnitTask): void {
    if (task.retries < retriesMax) return this.route(triedAgain(task));
    this.#refuse(task.unit, noServer(this.#context.home.describe(this.#seat.kind), 0, undefined));
  }

  /** A standby that goes takes all its connections along: the next one may not know yet. */
  retryElsewhere(task: UnitTask): void {
    if (!this.#exchange.isForwarded(this.#seat.kind)) return this.retry(task);
    this.toWriter(triedAgain(task), this.#passage());
  }

  toWriter(task: UnitTask, passage: Passage): void {
    const { door, isWriterHere } = this.#context.home;
    if (!isWriterHere || door.mayPass(passage)) return this.#acquire("writer", task);
    const forget = door.wait(task.unit.bytes.length, () => {
      this.#waiting = undefined;
      // The writer may be somebody else by now.
      if (!this.#context.end.isOver) this.route(task);
    });
    if (forget === undefined) return this.#refuse(task.unit, tooManyHeld());
    this.#wait("writer", "writer", task.unit, forget);
  }

  /** Gives up what waits; false when nothing does. */
  cancel(): boolean {
    if (!this.#waiting) return false;
    this.#refuse(this.#stopWaiting(), queryCancelled());
    return true;
  }

  /** What waits for too long is told so; only the end of its hold ends the wait for a writer that moves. */
  tick(nowMs: number): void {
    const waiting = this.#waiting;
    if (waiting?.what !== "server") return;
    const { home } = this.#context;
    const waitedMs = nowMs - waiting.sinceMs;
    if (waitedMs < home.limits.holdMs) return;
    const what = home.describe(waiting.kind);
    this.#refuse(this.#stopWaiting(), noServer(what, waitedMs, this.#seat.trouble));
  }

  leave(): void {
    if (this.#waiting) this.#stopWaiting();
  }

  #passage(): Passage {
    const { phase } = this.#context.state.transaction;
    return phase.kind === "deferred" ? "transaction" : "single";
  }

  #decide({ meaning }: UnitTask): UnitDecision {
    const { home, identity, state } = this.#context;
    const { transaction } = state;
    return decideUnit({
      phase: transaction.phase,
      isLinked: this.#seat.server !== undefined,
      meaning,
      mode: identity.mode,
      level: state.level,
      isWriterHere: home.isWriterOpen,
      hasLocal: home.hasLocal && home.isCatalogCurrent,
      names: state.names,
      hasPrepared: state.pins.has("prepared statement"),
      isAsStarted: transaction.settings.key === transaction.startup.key,
    });
  }

  /** What follows it is not known yet: only the writer takes whatever comes. */
  #routeOpen(task: UnitTask): void {
    const { server } = this.#seat;
    if (server) return this.#exchange.send(task, server);
    if (this.#context.identity.mode === "local") return this.#toLocal(task, "transaction");
    this.toWriter(task, "transaction");
  }

  /** Before anything is read or written that rests on what is not there any more. */
  #whyLost(): string | undefined {
    const { home, identity, state } = this.#context;
    if (identity.peer || !promises(state.level)) return undefined;
    state.seen.adopt(home.timelines);
    return state.seen.whyLost(home.timelines);
  }

  #tellLoss(unit: Unit, because: string): void {
    this.#context.state.seen.forget();
    this.#refuse(unit, tokenLost(because));
  }

  #answerHere(unit: Unit, decision: UnitDecision): void {
    const answer = answerHere(unit, decision, this.#context);
    if (answer instanceof Promise) void this.#answerLater(unit, answer);
    else this.#answerNow(answer);
  }

  async #answerLater(unit: Unit, answer: Promise<OwnAnswer>): Promise<void> {
    let isWanted = true;
    this.#wait("read", "writer", unit, () => (isWanted = false));
    const known = await answer;
    if (!isWanted || this.#context.end.isOver) return;
    this.#waiting = undefined;
    this.#answerNow(known);
  }

  #answerNow({ bytes, isError }: OwnAnswer): void {
    const { output, state } = this.#context;
    output.write(bytes);
    if (isError) output.failed();
    tellReady(this.#context, state.transaction.status);
    output.unitDone();
  }

  #toLocal(task: UnitTask, passage: Passage): void {
    const { home, state } = this.#context;
    if (home.readAtOnce(state) === "local") return this.#acquire("local", task);
    void this.#settleRead(task, passage);
  }

  async #settleRead(task: UnitTask, passage: Passage): Promise<void> {
    const { end, home, identity, state } = this.#context;
    const { counts, clock } = home;
    const { unit } = task;
    const given = new AbortController();
    const signal = AbortSignal.any([given.signal, end.signal]);
    const sinceMs = clock.monotonicMs();
    this.#wait("read", "local", unit, () => given.abort(new Error("the read was given up")));
    const settled = await home.settleRead(state, signal).catch(() => undefined);
    if (settled === undefined || signal.aborted) return;
    this.#waiting = undefined;
    counts.readWaits += 1;
    counts.readWaitMs += clock.monotonicMs() - sinceMs;
    switch (settled.kind) {
      case "local":
        return this.#acquire("local", task);
      case "writer":
        if (identity.mode !== "local") return this.toWriter(task, passage);
        return this.#refuse(unit, readRefused(settled.because));
      case "lost":
        return this.#tellLoss(unit, settled.because);
      case "refuse":
        return this.#refuse(unit, readRefused(settled.because));
      default:
        unreachable(settled);
    }
  }

  #acquire(kind: TargetKind, task: UnitTask): void {
    const { settings } = this.#context.state.transaction;
    const isSame = task.meaning.effects.some(asksSequences);
    const idle = this.#seat.take(kind, settings, isSame);
    if (idle !== undefined) return this.#exchange.start(task, idle);
    const giveUp = this.#seat.wait({
      seated: (server) => {
        this.#waiting = undefined;
        this.#exchange.start(task, server);
      },
      failed: (error) => {
        this.#waiting = undefined;
        this.#poolFailed(task, error);
      },
      isPatient: !this.#exchange.isForwarded(kind),
    });
    if (giveUp) this.#wait("server", kind, task.unit, giveUp);
  }

  /** A pool that is closed was of a writer that is none any more: there is another by now. */
  #poolFailed(task: UnitTask, error: PgError): void {
    if (error.code === poolClosedCode) return this.retry(task);
    if (error.code === serverAwayCode) return this.toWriter(task, this.#passage());
    this.#refuse(task.unit, error);
  }

  #wait(what: Waiting["what"], kind: TargetKind, unit: Unit, giveUp: () => void): void {
    const sinceMs = this.#waiting?.sinceMs ?? this.#context.home.clock.monotonicMs();
    this.#waiting = { what, kind, unit, sinceMs, giveUp };
  }

  #stopWaiting(): Unit {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.giveUp();
    return waiting?.unit ?? nothing;
  }

  /** The unit ends in an error of ours, before anything of it was sent. */
  #refuse(unit: Unit, error: PgError): void {
    const { home, output, state } = this.#context;
    const { transaction } = state;
    undoAfter(unit, 0, state.names);
    home.counts.errors += 1;
    if (transaction.phase.kind === "deferred" || transaction.phase.kind === "open") {
      transaction.lose(error.message);
      transaction.tell();
    }
    output.write(encodeError(error));
    output.failed();
    tellReady(this.#context, transaction.status);
    output.unitDone();
  }
}

const nothing: Unit = {
  bytes: Buffer.alloc(0),
  kind: "simple",
  statements: [],
  executed: [],
  replaced: [],
  forgotten: undefined,
};
