/**
 * Runs a client's units, one after the other: finds out what each is, where it goes, sends it there, and gives the
 * server back when nothing binds the session to it.
 *
 *   run ─► known? ─no─► learn ─► decide ─► answer here ──────────────────────────────► done
 *                                  │
 *                                  ├─► local ─► consistency ─┐
 *                                  └─► writer ─► door ───────┴─► pool ─► send ─► answered ─► (look) ─► done
 *                                        ▲                                  │
 *                                        └──────── refused, server lost ────┘
 */
import { onAbort } from "../std/on-abort.ts";
import { unreachable } from "../std/assert.ts";
import { describeError } from "../model/failure.ts";
import type { Reading, Statement } from "../sql/sql.ts";
import { encodeError, type PgError } from "../wire/postgres/error-response.ts";
import { encodeParameterStatus } from "../wire/postgres/backend-messages.ts";
import {
  asksSequences,
  countUnit,
  endsIdle,
  forgetsStatements,
  knowServer,
  prepareServer,
} from "./after-unit.ts";
import type { ConsistencyLevel } from "./consistency.ts";
import { decideLoss } from "./decide-loss.ts";
import { decideUnit, tokenSetting, type UnitDecision } from "./decide-unit.ts";
import {
  evicted,
  idleInTransaction,
  noServer,
  queryCancelled,
  readRefused,
  tokenLost,
  tooManyHeld,
  tooManyNotifications,
} from "./gateway-errors.ts";
import type { PreparedStatement } from "./prepared-statements.ts";
import { refusalOf } from "./refusal.ts";
import type { OwnResult, ServerConnection, ServerUser } from "./server-connection.ts";
import { ServerSeat } from "./server-seat.ts";
import type { SessionHome, SessionIdentity, TargetKind } from "./session-home.ts";
import { lookQuery, readLook } from "./session-look.ts";
import { SessionChannels } from "./session-channels.ts";
import { lostByReset } from "./session-settings.ts";
import { SessionState } from "./session-state.ts";
import type { Status } from "./session-transaction.ts";
import { serverAwayCode } from "./server-pool.ts";
import { formatToken, parseToken } from "./token.ts";
import { insertedTokenQuery, readTokenRow, tokenQuery } from "./token-query.ts";
import { translate } from "./translate.ts";
import {
  forgetAll,
  functionCallMeaning,
  meaningOf,
  undoAfter,
  unknownMeaning,
  type Meaning,
  type Unit,
} from "./unit.ts";
import { UnitPass, type RetryPlace } from "./unit-pass.ts";
import type { Lodger, Passage } from "./writer-door.ts";
import { answerHere, type OwnAnswer } from "./own-commands.ts";

/** The client's side of a session. */
export interface SessionOutput {
  write(bytes: Buffer): void;
  /** ReadyForQuery, unless the client has not asked for it yet. */
  ready(status: Status): void;
  /** The present unit has ended in an error. */
  failed(): void;
  cork(): void;
  uncork(): void;
  /** The present unit has been answered; the next one may come. */
  unitDone(): void;
  /** What was flushed is at its server: more of the unit may come. */
  flushSent(): void;
  /** The client may send COPY data, until `unitDone`. */
  copyInBegan(): void;
  /** Ends the session, with an error when the client can still be told one. */
  finish(error: PgError | undefined): void;
}

/** What a unit waits for. Giving up is all that can be done about it from outside. */
type Waiting = {
  readonly what: "writer" | "server" | "read" | "meaning";
  readonly sinceMs: number;
  readonly kind: TargetKind;
  readonly unit: Unit;
  readonly giveUp: () => void;
};

/** A unit is tried again this often: by a standby's refusal, and by a server lost meanwhile. */
const retriesMax = 3;
/** 5 s: more than a link takes to tell that the client's own gateway has ended it. */
const peerPatienceMs = 5_000;

export class UnitRunner implements ServerUser, Lodger {
  readonly state: SessionState;
  readonly #home: SessionHome;
  readonly #identity: SessionIdentity;
  readonly #output: SessionOutput;
  readonly #end: AbortSignal;
  readonly #seat: ServerSeat;
  #pass: UnitPass | undefined;
  /** What is sent as soon as the server is set up for it. */
  #settingUp: { readonly unit: Unit; readonly meaning: Meaning } | undefined;
  #waiting: Waiting | undefined;
  #retries = 0;
  /** ReadyForQuery waits for the token that goes before it. */
  #status: Status | undefined;
  #startedAtMs = 0;
  #isOver = false;
  /** The present unit was flushed, and goes on. */
  #isOpen = false;
  /** Since when the transaction has had nothing to do, as far as `tick` has seen. */
  #idleSinceMs: number | undefined;
  readonly #channels: SessionChannels;
  /** What the server has to be told after a RESET: it knows nothing of the client's startup message. */
  #lost: string | undefined;

  constructor(
    home: SessionHome,
    identity: SessionIdentity,
    output: SessionOutput,
    end: AbortSignal,
  ) {
    this.#home = home;
    this.#identity = identity;
    this.#output = output;
    this.#end = end;
    this.state = new SessionState(identity);
    this.#seat = new ServerSeat(home, identity, this);
    this.#channels = new SessionChannels(home, this.state.transaction, {
      write: (message) => output.write(message),
      isFree: () => this.isIdle,
      overflow: (bytes) => output.finish(tooManyNotifications(bytes)),
    });
    onAbort(end, () => this.#leave());
  }

  get identity(): SessionIdentity {
    return this.#identity;
  }

  get server(): ServerConnection | undefined {
    return this.#seat.server;
  }

  /** Bound to its server, and doing nothing there: it can be ended without cutting anything. */
  get isIdle(): boolean {
    return this.#pass === undefined && this.state.transaction.phase.kind === "idle";
  }

  get waitsFor(): string | undefined {
    return this.#waiting?.what;
  }

  /** What it waits for is a writer that is on the move. */
  get isHeld(): boolean {
    return this.#waiting?.what === "writer";
  }

  get isPinned(): boolean {
    return this.state.pins.size > 0;
  }

  get description(): string {
    const { user, name, remote } = this.#identity;
    const why = this.isPinned
      ? `has ${[...this.state.pins].join(", ")}`
      : this.state.transaction.phase.kind === "idle"
        ? "runs a statement"
        : "is in a transaction";
    return `${user} of ${name} from ${remote} ${why}`;
  }

  /** @param isOpen it was flushed before its Sync: the answers are wanted, and `goOn` brings more of it */
  run(unit: Unit, isOpen = false): void {
    this.#retries = 0;
    this.#idleSinceMs = undefined;
    this.#isOpen = isOpen;
    this.#startedAtMs = this.#home.clock.monotonicMs();
    if (unit.bytes.length === 5 && this.#seat.server === undefined) {
      // A Sync by itself.
      this.#ready(this.state.transaction.status);
      return this.#output.unitDone();
    }
    if (isOpen) return this.#decide(unit, this.#meaningAtOnce(unit));
    const statements = this.#meanings(unit);
    if (statements !== undefined) return this.#decide(unit, this.#meaning(unit, statements));
    void this.#learn(unit);
  }

  /** The present unit was flushed, and is at its server. */
  get canGoOn(): boolean {
    return this.#isOpen && this.#pass !== undefined;
  }

  /** More of the present unit, when it `canGoOn`. @param isOpen more will come; false: it ends with its Sync */
  goOn(unit: Unit, isOpen: boolean): void {
    const { server } = this.#seat;
    const pass = this.#pass;
    if (server === undefined || pass === undefined) return;
    this.#isOpen = isOpen;
    const isInTransaction = this.state.transaction.phase.kind !== "idle";
    pass.extend(unit, this.#meaningAtOnce(unit));
    server.cork();
    const { bytes, script } = translate(unit, server.knowledge, { isInTransaction, isOpen: true });
    server.sendOn(bytes, pass, script);
    server.uncork();
  }

  /** A waiting unit is given up, one that is under way is cancelled at its server. */
  cancel(): void {
    if (this.#waiting) return this.#refuse(this.#stopWaiting(), queryCancelled());
    const { server } = this.#seat;
    if (server && this.#pass) this.#home.cancelAt(server);
  }

  /** To be called now and then: what waits for too long is told so. */
  tick(nowMs: number): void {
    this.#endIdleTransaction(nowMs);
    const waiting = this.#waiting;
    if (waiting === undefined || waiting.what === "read" || waiting.what === "meaning") return;
    const waitedMs = nowMs - waiting.sinceMs;
    if (waiting.what === "writer" || waitedMs < this.#home.limits.holdMs) return;
    const what = this.#home.describe(waiting.kind);
    this.#refuse(this.#stopWaiting(), noServer(what, waitedMs, this.#seat.trouble));
  }

  #endIdleTransaction(nowMs: number): void {
    const { idleInTransactionMs } = this.#home.limits;
    const isBusy = this.#pass !== undefined || this.#waiting !== undefined;
    const isIdle = !isBusy && this.state.transaction.status !== "I";
    this.#idleSinceMs = isIdle ? (this.#idleSinceMs ?? nowMs) : undefined;
    if (this.#idleSinceMs === undefined || idleInTransactionMs === 0) return;
    // The gateway that the client is at tells it, and ends the transaction here by that.
    const patienceMs = idleInTransactionMs + (this.#identity.peer ? peerPatienceMs : 0);
    if (nowMs - this.#idleSinceMs >= patienceMs) this.#output.finish(idleInTransaction());
  }

  evict(because: string): void {
    this.#output.finish(evicted(because));
  }

  // What its server says.

  pass(bytes: Buffer): void {
    this.#output.write(bytes);
  }

  begin(): void {
    this.#output.cork();
  }

  finish(): void {
    this.#output.uncork();
  }

  copyInBegan(): void {
    this.#output.copyInBegan();
  }

  tokenCame(text: string): void {
    const token = parseToken(text);
    if (token === undefined) return;
    this.#home.learnt(token);
    this.state.seen.learnt(token, this.#home.timelines);
    // It has come by way of this Region, because its gateway was not heard of the new writer yet.
    if (this.#identity.peer) this.#output.write(encodeParameterStatus(tokenSetting, text));
  }

  unitEnded(pass: UnitPass, status: Status): void {
    const { server } = this.#seat;
    this.#pass = undefined;
    if (server === undefined) return;
    if (pass.isRefused) return pass.hasStalePlan ? this.#tryHere(pass) : this.#tryElsewhere(pass);
    const { meaning, unit } = pass;
    const hadError = pass.errorCode !== undefined;
    if (hadError) this.#output.failed();
    if (hadError) undoAfter(unit, pass.script?.done ?? 0, this.state.names);
    this.state.ended(meaning.effects, hadError, status);
    const { settings, startup } = this.state.transaction;
    const keepsStatements = hadError || unit.forgotten !== undefined;
    knowServer(server, this, { meaning, settings, keepsStatements });
    this.#channels.changed();
    this.#lost = hadError ? undefined : lostByReset(meaning.effects, startup, settings);
    if (unit.forgotten && hadError) server.isOpaque = true;
    if (!hadError && !unit.forgotten && meaning.effects.some(forgetsStatements)) {
      forgetAll(this.state.names);
    }
    const tookMs = this.#home.clock.monotonicMs() - pass.startedAtMs;
    const { kind } = this.#seat;
    countUnit(this.#home.counts, { meaning, kind, status, hadError, tookMs });
    if (this.state.defined(meaning.effects, status)) {
      this.#home.catalogChanged(this.#home.isWriterHere ? undefined : this.state.seen.latest);
    }
    if (status === "I") this.#markAnswer();
    if (status === "I" && this.#isToldTokens) {
      if (server.lacksEnd) return void this.#findToken(server, status);
      this.#status = status;
      if (server.underWay === 0) this.#askToken(server, true);
      return;
    }
    this.#answered(server, status);
  }

  serverLost(because: string): void {
    const { server } = this.#seat;
    const pass = this.#pass;
    const isInsideMessage = server?.isInsideMessage === true;
    const hadPins = this.isPinned;
    const settingUp = this.#settingUp;
    this.#pass = undefined;
    this.#settingUp = undefined;
    this.#seat.lost();
    if (settingUp) {
      return this.#retryElsewhere(settingUp.unit, settingUp.meaning);
    }
    const { transaction } = this.state;
    const wasOpen = transaction.phase.kind === "open" || transaction.phase.kind === "failed";
    const decision = decideLoss({
      because,
      isInTransaction: wasOpen,
      isPinned: hadPins,
      isInsideMessage,
      unit: pass && {
        hasAnswered: pass.hasAnswered,
        isReplayable: pass.meaning.place === "anywhere" && pass.meaning.isReplayable,
        commits: pass.meaning.effects.some(
          ({ kind }) => kind === "commit" || kind === "prepare-transaction",
        ),
      },
    });
    this.state.pins.clear();
    switch (decision.kind) {
      case "cut":
        return this.#output.finish(undefined);
      case "end":
        return this.#output.finish(decision.error);
      case "remember":
        return transaction.lose(because);
      case "nothing":
        return;
      case "retry":
        if (pass) this.#retryElsewhere(pass.unit, pass.meaning);
        return;
      case "error":
        return this.#lostWithError(decision.error, decision.status, because);
      default:
        unreachable(decision);
    }
  }

  /** In the writer's Region: what has to survive it when it moves. */
  #markAnswer(): void {
    if (this.#seat.kind !== "writer" || this.#identity.peer || !promises(this.state.level)) return;
    const mark = this.#home.mark();
    if (mark) this.state.seen.marked(mark);
  }

  #lostWithError(error: PgError, status: Status, because: string): void {
    const { transaction } = this.state;
    this.#home.counts.errors += 1;
    if (status === "E") {
      transaction.lose(because);
      transaction.tell();
    } else if (transaction.phase.kind !== "idle") {
      transaction.endHere(false);
    }
    this.#output.write(encodeError(error));
    this.#output.failed();
    this.#ready(status);
    this.#output.unitDone();
  }

  #tryElsewhere(pass: UnitPass): void {
    const { unit, meaning, errorCode = "" } = pass;
    if (refusalOf({ code: errorCode, message: pass.errorMessage }) === "writes") {
      this.#rememberRefusal(unit);
    }
    this.#seat.leave();
    this.#home.counts.replays += 1;
    this.#retries += 1;
    this.#toWriter(unit, meaning, "single");
  }

  /** Nothing of it was done, and the server prepares it anew. */
  #tryHere({ unit, meaning }: UnitPass): void {
    const { server } = this.#seat;
    this.#home.counts.replays += 1;
    this.#retries += 1;
    if (server) this.#send(unit, meaning, server);
  }

  #rememberRefusal(unit: Unit): void {
    const { book } = this.#home;
    if (unit.kind === "simple") book.refused(unit.bytes, 5, unit.bytes.length - 1);
    for (const prepared of unit.executed) {
      book.refused(prepared.body, 0, prepared.textBytes);
      prepared.statement = undefined;
    }
  }

  #retry(unit: Unit, meaning: Meaning): void {
    this.#retries += 1;
    if (this.#retries > retriesMax) {
      return this.#refuse(unit, noServer(this.#home.describe(this.#seat.kind), 0, undefined));
    }
    this.#decide(unit, meaning);
  }

  /** A standby that goes takes all its connections along: the next one may not know yet. */
  #retryElsewhere(unit: Unit, meaning: Meaning): void {
    if (!this.#isForwarded(this.#seat.kind)) return this.#retry(unit, meaning);
    this.#retries += 1;
    this.#toWriter(unit, meaning, this.#passage);
  }

  get #passage(): Passage {
    return this.state.transaction.phase.kind === "deferred" ? "transaction" : "single";
  }

  // Finding out what a unit is.

  #meanings(unit: Unit): readonly Statement[] | undefined {
    if (unit.kind === "function-call") return [];
    const { book } = this.#home;
    const reading = this.#reading;
    if (unit.kind === "simple") {
      const known = book.known(unit.bytes, 5, unit.bytes.length - 1, reading);
      return known && [known];
    }
    const found: Statement[] = [];
    for (const prepared of unit.executed) {
      prepared.statement ??= book.known(prepared.body, 0, prepared.textBytes, reading);
      if (prepared.statement === undefined) return undefined;
      found.push(prepared.statement);
    }
    return found;
  }

  get #reading(): Reading {
    return this.state.reading(this.#home.parametersFor(this.#identity.user));
  }

  #meaning(unit: Unit, statements: readonly Statement[]): Meaning {
    return unit.kind === "function-call" ? functionCallMeaning : meaningOf(statements);
  }

  /** Of a unit in parts, whose order nothing may change: what is not known yet is learnt for the next time. */
  #meaningAtOnce(unit: Unit): Meaning {
    const statements = this.#meanings(unit);
    if (statements !== undefined) return { ...meaningOf(statements), place: "writer" };
    const { book } = this.#home;
    const reading = this.#reading;
    for (const { body, textBytes } of unit.executed) {
      void book.learn(body, 0, textBytes, reading);
    }
    return unknownMeaning;
  }

  async #learn(unit: Unit): Promise<void> {
    const { book } = this.#home;
    const reading = this.#reading;
    let isWanted = true;
    this.#wait("meaning", "writer", unit, () => (isWanted = false));
    const learnOne = async (prepared: PreparedStatement): Promise<Statement> =>
      (prepared.statement ??= await book.learn(prepared.body, 0, prepared.textBytes, reading));
    const statements =
      unit.kind === "simple"
        ? [await book.learn(unit.bytes, 5, unit.bytes.length - 1, reading)]
        : await Promise.all(unit.executed.map(learnOne));
    if (!isWanted || this.#isOver) return;
    this.#waiting = undefined;
    this.#decide(unit, this.#meaning(unit, statements));
  }

  // Deciding where it goes.

  #decide(unit: Unit, meaning: Meaning): void {
    const { transaction } = this.state;
    const decision = decideUnit({
      phase: transaction.phase,
      isLinked: this.#seat.server !== undefined,
      meaning,
      mode: this.#identity.mode,
      level: this.state.level,
      isWriterHere: this.#home.isWriterOpen,
      hasLocal: this.#home.hasLocal && this.#home.isCatalogCurrent,
      names: this.state.names,
      hasPrepared: this.state.pins.has("prepared statement"),
      isAsStarted: transaction.settings.key === transaction.startup.key,
    });
    if (decision.kind === "local" || decision.kind === "writer") {
      const because = this.#whyLost();
      if (because !== undefined) return this.#tellLoss(unit, because);
    }
    if (this.#isOpen && !lostHere.has(decision.kind)) return this.#decideOpen(unit, meaning);
    switch (decision.kind) {
      case "same-server":
        if (this.#seat.server) this.#send(unit, meaning, this.#seat.server);
        return;
      case "local":
        return this.#toLocal(unit, meaning, decision.passage);
      case "writer":
        return this.#toWriter(unit, meaning, decision.passage);
      default:
        return this.#answerHere(unit, decision);
    }
  }

  /** What follows it is not known yet: only the writer takes whatever comes. */
  #decideOpen(unit: Unit, meaning: Meaning): void {
    const { server } = this.#seat;
    if (server) return this.#send(unit, meaning, server);
    const { mode } = this.#identity;
    if (mode === "local") return this.#toLocal(unit, meaning, "transaction");
    this.#toWriter(unit, meaning, "transaction");
  }

  /** Before anything is read or written that rests on what is not there any more. */
  #whyLost(): string | undefined {
    const { level, seen } = this.state;
    if (this.#identity.peer || !promises(level)) return undefined;
    const { timelines } = this.#home;
    seen.adopt(timelines);
    return seen.whyLost(timelines);
  }

  #tellLoss(unit: Unit, because: string): void {
    this.state.seen.forget();
    this.#refuse(unit, tokenLost(because));
  }

  #answerHere(unit: Unit, decision: UnitDecision): void {
    const [state, channels, home] = [this.state, this.#channels, this.#home];
    const answer = answerHere(unit, decision, { state, channels, home });
    if (answer instanceof Promise) void this.#answerLater(unit, answer);
    else this.#answerNow(answer);
  }

  async #answerLater(unit: Unit, answer: Promise<OwnAnswer>): Promise<void> {
    let isWanted = true;
    this.#wait("read", "writer", unit, () => (isWanted = false));
    const known = await answer;
    if (!isWanted || this.#isOver) return;
    this.#waiting = undefined;
    this.#answerNow(known);
  }

  #answerNow({ bytes, isError }: OwnAnswer): void {
    this.#output.write(bytes);
    if (isError) this.#output.failed();
    this.#ready(this.state.transaction.status);
    this.#output.unitDone();
  }

  #toLocal(unit: Unit, meaning: Meaning, passage: Passage): void {
    if (this.#home.readAtOnce(this.state) === "local") return this.#acquire("local", unit, meaning);
    void this.#settleRead(unit, meaning, passage);
  }

  async #settleRead(unit: Unit, meaning: Meaning, passage: Passage): Promise<void> {
    const { counts, clock } = this.#home;
    const given = new AbortController();
    const signal = AbortSignal.any([given.signal, this.#end]);
    const sinceMs = clock.monotonicMs();
    this.#wait("read", "local", unit, () => given.abort(new Error("the read was given up")));
    const settled = await this.#home.settleRead(this.state, signal).catch(() => undefined);
    if (settled === undefined || given.signal.aborted || this.#isOver) return;
    this.#waiting = undefined;
    counts.readWaits += 1;
    counts.readWaitMs += clock.monotonicMs() - sinceMs;
    switch (settled.kind) {
      case "local":
        return this.#acquire("local", unit, meaning);
      case "writer":
        if (this.#identity.mode === "local")
          return this.#refuse(unit, readRefused(settled.because));
        return this.#toWriter(unit, meaning, passage);
      case "lost":
        return this.#tellLoss(unit, settled.because);
      case "refuse":
        return this.#refuse(unit, readRefused(settled.because));
      default:
        unreachable(settled);
    }
  }

  #toWriter(unit: Unit, meaning: Meaning, passage: Passage): void {
    const { door, isWriterHere } = this.#home;
    if (!isWriterHere || door.mayPass(passage)) return this.#acquire("writer", unit, meaning);
    const forget = door.wait(unit.bytes.length, () => {
      this.#waiting = undefined;
      // The writer may be somebody else by now.
      if (!this.#isOver) this.#decide(unit, meaning);
    });
    if (forget === undefined) return this.#refuse(unit, tooManyHeld());
    this.#wait("writer", "writer", unit, forget);
  }

  #acquire(kind: TargetKind, unit: Unit, meaning: Meaning): void {
    const giveUp = this.#seat.take(kind, this.state.transaction.settings, {
      isSame: meaning.effects.some(asksSequences),
      seated: (server) => {
        this.#waiting = undefined;
        this.#setUp(server, unit, meaning);
      },
      failed: (error) => {
        this.#waiting = undefined;
        this.#poolFailed(unit, meaning, error);
      },
      isPatient: !this.#isForwarded(kind),
    });
    if (giveUp) this.#wait("server", kind, unit, giveUp);
  }

  /** A pool that is closed was of a writer that is none any more: there is another by now. */
  #poolFailed(unit: Unit, meaning: Meaning, error: PgError): void {
    if (error.code === poolClosedCode) return this.#retry(unit, meaning);
    if (error.code === serverAwayCode) return this.#toWriter(unit, meaning, this.#passage);
    this.#refuse(unit, error);
  }

  #setUp(server: ServerConnection, unit: Unit, meaning: Meaning): void {
    const { settings } = this.state.transaction;
    const asks = meaning.effects.some(asksSequences);
    const preparation = prepareServer(server, this, {
      settings,
      forgets: asks && !this.#seat.isSame,
    });
    if (preparation === undefined) return this.#send(unit, meaning, server);
    const { sql, isUnsure, isFirst } = preparation;
    if (!isUnsure) {
      server.cork();
      server.ask(sql, ({ error }) => error && this.#settingFailed(server, error));
      this.#send(unit, meaning, server);
      return server.uncork();
    }
    // Nothing is sent before it is certain that it runs as nobody else, and where the client means it to.
    this.#settingUp = { unit, meaning };
    server.ask(sql, ({ error }) => {
      if (this.#isOver || this.#seat.server !== server || server.isLost) return;
      // What another client has left there may be the reason. `serverLost` takes the next one.
      if (error && !isFirst) return server.close();
      this.#settingUp = undefined;
      if (error) return this.#settingFailed(server, error);
      this.#send(unit, meaning, server);
    });
  }

  /** The client's settings cannot be had in this server, so that nothing there is what the client means. */
  #settingFailed(server: ServerConnection, error: PgError): void {
    if (this.#seat.server !== server || server.isLost) return;
    this.#output.finish({ ...error, severity: "FATAL" });
    server.close();
  }

  #send(unit: Unit, meaning: Meaning, server: ServerConnection): void {
    const { transaction } = this.state;
    const { phase } = transaction;
    server.cork();
    if (phase.kind === "deferred") {
      // It can fail at a standby, and the statement would run by itself.
      server.ask(phase.sql, ({ error }) => error && this.#settingFailed(server, error));
      transaction.open();
      this.#seat.stays(true);
    }
    if (meaning.effects.some(({ kind }) => kind === "opaque")) this.#home.customSettings.see(unit);
    const isOpen = this.#isOpen;
    const isInTransaction = phase.kind !== "idle";
    const { bytes, script, isDescribed } = translate(unit, server.knowledge, {
      isInTransaction,
      isOpen,
    });
    const places = new Set<RetryPlace>();
    if (!isInTransaction && !isOpen && this.#retries < retriesMax) {
      if (isDescribed) places.add("here");
      if (!this.isPinned && this.#mayBeRefused && meaning.isReplayable) places.add("elsewhere");
    }
    const pass = new UnitPass(unit, meaning, {
      script,
      startedAtMs: this.#startedAtMs,
      mayRetry: places.size === 0 ? nowhereElse : places,
    });
    this.#pass = pass;
    server.send(bytes, pass);
    this.#status = undefined;
    // A server that waits for COPY data takes no query.
    const mayFollow = !isOpen && !meaning.effects.some(({ kind }) => kind === "copy-in");
    if (this.#isToldTokens && mayFollow && endsIdle(phase.kind !== "idle", meaning)) {
      this.#askToken(server, this.state.mayCommitUnflushed(meaning.effects));
    }
    server.uncork();
    if (isOpen) this.#output.flushSent();
  }

  /** Only a standby refuses what the writer would answer, and only for `forward` is there another place to go. */
  get #mayBeRefused(): boolean {
    return this.#isForwarded(this.#seat.kind);
  }

  #isForwarded(kind: TargetKind): boolean {
    return kind === "local" && this.#identity.mode === "forward" && this.state.level !== "off";
  }

  get #isToldTokens(): boolean {
    return (
      this.#identity.peer !== undefined && this.#home.isWriterHere && this.#seat.kind === "writer"
    );
  }

  #askToken(server: ServerConnection, isUnflushed: boolean): void {
    server.ask(isUnflushed ? insertedTokenQuery : tokenQuery, (result) =>
      this.#tokenRead(server, readTokenRow(result, this.#home.systemId)),
    );
  }

  #tokenRead(server: ServerConnection, text: string | undefined): void {
    const status = this.#status;
    this.#status = undefined;
    if (status !== undefined && text === undefined) return void this.#findToken(server, status);
    if (text !== undefined) this.#output.write(encodeParameterStatus(tokenSetting, text));
    if (status !== undefined && this.#seat.server === server) this.#answered(server, status);
  }

  /** A timeout of the client's, or a cancel, has met the question; an answer without a token would let reads go back. */
  async #findToken(server: ServerConnection, status: Status): Promise<void> {
    const token = await this.#home.writerPosition(this.#end).catch(() => undefined);
    if (this.#isOver) return;
    if (token === undefined) return this.#output.finish(undefined);
    this.#output.write(encodeParameterStatus(tokenSetting, formatToken(token)));
    if (this.#seat.server === server) return this.#answered(server, status);
    this.#ready(status);
    this.#output.unitDone();
  }

  // After it was answered.

  #ready(status: Status): void {
    if (status === "I") this.#channels.deliver();
    this.#output.ready(status);
  }

  #answered(server: ServerConnection, status: Status): void {
    if (this.#lost !== undefined) return this.#restore(server, status, this.#lost);
    if (this.#channels.missing.length > 0) {
      return void this.#listen(server, () => this.#answered(server, status));
    }
    this.#ready(status);
    if (status !== "I" || server.underWay > 0) {
      this.#seat.stays(status !== "I");
      return this.#output.unitDone();
    }
    if (this.state.needsLook && !server.lacksEnd) return this.#look(server);
    if (this.isPinned) {
      this.#seat.stays(true);
    } else {
      this.#seat.leave();
    }
    this.#output.unitDone();
  }

  /** RESET means what the client's startup message asked for, which its server took for a SET like any other. */
  #restore(server: ServerConnection, status: Status, sql: string): void {
    this.#lost = undefined;
    const settle = ({ error }: OwnResult): void => {
      if (this.#isOver || this.#seat.server !== server) return;
      if (error) return this.#settingFailed(server, error);
      this.#answered(server, status);
    };
    server.ask(sql, settle, { isReported: true });
  }

  /** For a LISTEN that ran in the server: it is not the server that listens for the client. */
  async #listen(server: ServerConnection, then: () => void): Promise<void> {
    server.isOpaque = true;
    try {
      for (const channel of this.#channels.missing) await this.#channels.listen(channel);
    } catch (error) {
      return this.#output.finish(noServer("the writer", 0, describeError(error)));
    }
    if (!this.#isOver && this.#seat.server === server) then();
  }

  #look(server: ServerConnection): void {
    const custom = this.#home.customSettings.namesWith(this.state.transaction.settings);
    server.ask(lookQuery(custom), (result) => {
      if (this.#seat.server !== server || this.#isOver) return;
      const look = readLook(result, this.#identity.user);
      if (look === undefined) server.isOpaque = true;
      else {
        this.state.looked(look.settings, look.pins);
        server.settings = look.settings;
        for (const channel of look.channels) this.state.transaction.listen(channel);
      }
      if (this.#channels.missing.length === 0) return this.#lookedAt();
      void this.#listen(server, () => this.#lookedAt());
    });
  }

  #lookedAt(): void {
    if (this.isPinned) this.#seat.stays(true);
    else this.#seat.leave();
    this.#output.unitDone();
  }

  // Waiting and ending.

  #wait(what: Waiting["what"], kind: TargetKind, unit: Unit, giveUp: () => void): void {
    const sinceMs = this.#waiting?.sinceMs ?? this.#home.clock.monotonicMs();
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
    undoAfter(unit, 0, this.state.names);
    this.#home.counts.errors += 1;
    const { transaction } = this.state;
    if (transaction.phase.kind === "deferred" || transaction.phase.kind === "open") {
      transaction.lose(error.message);
      transaction.tell();
    }
    this.#output.write(encodeError(error));
    this.#output.failed();
    this.#ready(transaction.status);
    this.#output.unitDone();
  }

  /** The client has gone, or is sent away: what it had goes back, what it began is undone. */
  #leave(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    if (this.#waiting) this.#stopWaiting();
    this.#channels.leave();
    const { server } = this.#seat;
    if (server === undefined) return;
    const isBound = this.isPinned || this.state.needsLook || this.#lost !== undefined;
    const isClean = this.#pass === undefined && server.underWay === 0 && !isBound;
    if (!isClean) {
      this.#seat.lost();
      if (this.#pass) this.#home.cancelAt(server);
      return server.close();
    }
    if (this.state.transaction.phase.kind === "idle") return this.#seat.leave();
    this.#leaveTransaction(server);
  }

  #leaveTransaction(server: ServerConnection): void {
    server.ask("ROLLBACK", ({ error }) => {
      if (error) server.isOpaque = true;
      this.state.transaction.endHere(false);
      server.settings = this.state.transaction.settings;
      this.#seat.leave();
    });
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

const nowhereElse: ReadonlySet<RetryPlace> = new Set();
/** What a transaction that is lost is told, also in the middle of a unit. */
const lostHere = new Set<UnitDecision["kind"]>(["broken", "rollback-broken", "aborted"]);

/** Of these levels a session is told when what it has seen is lost. */
function promises(level: ConsistencyLevel): boolean {
  return level === "session" || level === "global";
}

/** Of a pool that leads to a writer of the past. */
export const poolClosedCode = "LW001";
