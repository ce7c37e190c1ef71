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
import type { Statement } from "../sql/sql.ts";
import { encodeError, type PgError } from "../wire/postgres/error-response.ts";
import { encodeParameterStatus } from "../wire/postgres/backend-messages.ts";
import {
  changesIdentity,
  countUnit,
  endsIdle,
  forgetsStatements,
  knowServer,
} from "./after-unit.ts";
import { decideLoss } from "./decide-loss.ts";
import { decideUnit, tokenSetting, type UnitDecision } from "./decide-unit.ts";
import {
  evicted,
  noServer,
  queryCancelled,
  readRefused,
  tokenLost,
  tooManyHeld,
} from "./gateway-errors.ts";
import type { PreparedStatement } from "./prepared-statements.ts";
import { refusalOf } from "./refusal.ts";
import type { ServerConnection, ServerUser } from "./server-connection.ts";
import { ServerSeat } from "./server-seat.ts";
import type { SessionHome, SessionIdentity, TargetKind } from "./session-home.ts";
import { lookQuery, readLook } from "./session-look.ts";
import { differenceOf } from "./session-settings.ts";
import { SessionState } from "./session-state.ts";
import type { Status } from "./session-transaction.ts";
import { parseToken } from "./token.ts";
import { readTokenRow, tokenQuery } from "./token-query.ts";
import { translate } from "./translate.ts";
import { functionCallMeaning, meaningOf, undoAfter, type Meaning, type Unit } from "./unit.ts";
import { UnitPass } from "./unit-pass.ts";
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

  run(unit: Unit): void {
    this.#retries = 0;
    this.#startedAtMs = this.#home.clock.monotonicMs();
    if (unit.bytes.length === 5 && this.#seat.server === undefined) {
      // A Sync by itself.
      this.#output.ready(this.state.transaction.status);
      return this.#output.unitDone();
    }
    const statements = this.#meanings(unit);
    if (statements !== undefined) return this.#decide(unit, this.#meaning(unit, statements));
    void this.#learn(unit);
  }

  /** A waiting unit is given up, one that is under way is cancelled at its server. */
  cancel(): void {
    if (this.#waiting) return this.#refuse(this.#stopWaiting(), queryCancelled());
    const { server } = this.#seat;
    if (server && this.#pass) this.#home.cancelAt(server);
  }

  /** To be called now and then: what waits for too long is told so. */
  tick(nowMs: number): void {
    const waiting = this.#waiting;
    if (waiting === undefined || waiting.what === "read" || waiting.what === "meaning") return;
    const waitedMs = nowMs - waiting.sinceMs;
    if (waiting.what === "writer" || waitedMs < this.#home.limits.holdMs) return;
    const what = this.#home.describe(waiting.kind);
    this.#refuse(this.#stopWaiting(), noServer(what, waitedMs, this.#seat.trouble));
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
    this.state.learnt(token);
    this.#home.learnt(token);
  }

  unitEnded(pass: UnitPass, status: Status): void {
    const { server } = this.#seat;
    this.#pass = undefined;
    if (server === undefined) return;
    if (pass.isRefused) return this.#tryElsewhere(pass);
    const { meaning, unit } = pass;
    const hadError = pass.errorCode !== undefined;
    if (hadError) this.#output.failed();
    if (hadError) undoAfter(unit, pass.script?.done ?? 0, this.state.names);
    this.state.ended(meaning.effects, hadError, status);
    if (hadError) server.settings = this.state.transaction.settings;
    else knowServer(server, meaning.effects, this.state.transaction.settings);
    if (!hadError && meaning.effects.some(forgetsStatements)) this.state.names.clear();
    const tookMs = this.#home.clock.monotonicMs() - pass.startedAtMs;
    const { kind } = this.#seat;
    countUnit(this.#home.counts, { meaning, kind, status, hadError, tookMs });
    if (meaning.effects.some(({ kind }) => kind === "ddl")) this.#home.catalogChanged();
    if (status === "I" && this.#isToldTokens) {
      this.#status = status;
      if (server.underWay === 0) this.#askToken(server);
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
      return this.#retry(settingUp.unit, settingUp.meaning);
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
        if (pass) this.#retry(pass.unit, pass.meaning);
        return;
      case "error":
        return this.#lostWithError(decision.error, decision.status, because);
      default:
        unreachable(decision);
    }
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
    this.#output.ready(status);
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

  // Finding out what a unit is.

  #meanings(unit: Unit): readonly Statement[] | undefined {
    if (unit.kind === "function-call") return [];
    const { book } = this.#home;
    const reading = this.state.reading(this.#home);
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

  #meaning(unit: Unit, statements: readonly Statement[]): Meaning {
    return unit.kind === "function-call" ? functionCallMeaning : meaningOf(statements);
  }

  async #learn(unit: Unit): Promise<void> {
    const { book } = this.#home;
    const reading = this.state.reading(this.#home);
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
      isWriterHere: this.#home.isWriterHere,
      hasLocal: this.#home.hasLocal,
    });
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

  #answerHere(unit: Unit, decision: UnitDecision): void {
    const { state } = this;
    const answer = answerHere(unit, decision, { state, home: this.#home, listener: this });
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
    this.#output.ready(this.state.transaction.status);
    this.#output.unitDone();
  }

  /** A NotificationResponse for this session. */
  notified(message: Buffer): void {
    this.#output.write(message);
  }

  #toLocal(unit: Unit, meaning: Meaning, passage: Passage): void {
    const { level, token } = this.state;
    if (this.#home.readAtOnce(level, token) === "local")
      return this.#acquire("local", unit, meaning);
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
        this.state.forgetToken();
        return this.#refuse(unit, tokenLost(settled.because));
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
      seated: (server) => {
        this.#waiting = undefined;
        this.#setUp(server, unit, meaning);
      },
      failed: (error) => {
        this.#waiting = undefined;
        this.#poolFailed(unit, meaning, error);
      },
    });
    if (giveUp) this.#wait("server", kind, unit, giveUp);
  }

  /** A pool that is closed was of a writer that is none any more: there is another by now. */
  #poolFailed(unit: Unit, meaning: Meaning, error: PgError): void {
    if (error.code === poolClosedCode) return this.#retry(unit, meaning);
    this.#refuse(unit, error);
  }

  #setUp(server: ServerConnection, unit: Unit, meaning: Meaning): void {
    const difference = differenceOf(server.settings, this.state.transaction.settings);
    if (difference === undefined) return this.#send(unit, meaning, server);
    server.settings = this.state.transaction.settings;
    if (!changesIdentity(difference)) {
      server.cork();
      server.ask(difference, ({ error }) => error && this.#settingFailed(server, error));
      this.#send(unit, meaning, server);
      return server.uncork();
    }
    // Nothing is sent before it is certain that it runs as nobody else.
    this.#settingUp = { unit, meaning };
    server.ask(difference, ({ error }) => {
      if (this.#isOver || this.#seat.server !== server || server.isLost) return;
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
    const { bytes, script } = translate(unit, server.knowledge);
    const isAlone = phase.kind === "idle" && !this.isPinned && this.#retries < retriesMax;
    const pass = new UnitPass(unit, meaning, {
      script,
      startedAtMs: this.#startedAtMs,
      mayRetry: isAlone && this.#mayBeRefused && meaning.isReplayable,
    });
    this.#pass = pass;
    server.send(bytes, pass);
    this.#status = undefined;
    // A server that waits for COPY data takes no query.
    const mayFollow = !meaning.effects.some(({ kind }) => kind === "copy-in");
    if (this.#isToldTokens && mayFollow && endsIdle(phase.kind !== "idle", meaning)) {
      this.#askToken(server);
    }
    server.uncork();
  }

  /** Only a standby refuses what the writer would answer, and only for `forward` is there another place to go. */
  get #mayBeRefused(): boolean {
    return (
      this.#seat.kind === "local" && this.#identity.mode === "forward" && this.state.level !== "off"
    );
  }

  get #isToldTokens(): boolean {
    return (
      this.#identity.peer !== undefined && this.#home.isWriterHere && this.#seat.kind === "writer"
    );
  }

  #askToken(server: ServerConnection): void {
    server.ask(tokenQuery, (result) =>
      this.#tokenRead(server, readTokenRow(result, this.#home.systemId)),
    );
  }

  #tokenRead(server: ServerConnection, text: string | undefined): void {
    const status = this.#status;
    this.#status = undefined;
    if (text !== undefined) this.#output.write(encodeParameterStatus(tokenSetting, text));
    if (status !== undefined && this.#seat.server === server) this.#answered(server, status);
  }

  // After it was answered.

  #answered(server: ServerConnection, status: Status): void {
    this.#output.ready(status);
    if (status !== "I" || server.underWay > 0) {
      this.#seat.stays(status !== "I");
      return this.#output.unitDone();
    }
    if (this.state.needsLook) return this.#look(server);
    if (this.isPinned) {
      this.#seat.stays(true);
    } else {
      this.#seat.leave();
    }
    this.#output.unitDone();
  }

  #look(server: ServerConnection): void {
    server.ask(lookQuery, (result) => {
      if (this.#seat.server !== server || this.#isOver) return;
      const look = readLook(result, this.#identity.user);
      if (look === undefined) server.isOpaque = true;
      else {
        this.state.looked(look.settings, look.pins);
        server.settings = look.settings;
      }
      if (this.isPinned) this.#seat.stays(true);
      else this.#seat.leave();
      this.#output.unitDone();
    });
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
    this.#output.ready(transaction.status);
    this.#output.unitDone();
  }

  /** The client has gone, or is sent away: what it had goes back, what it began is undone. */
  #leave(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    if (this.#waiting) this.#stopWaiting();
    this.#home.unlisten(undefined, this);
    const { server } = this.#seat;
    if (server === undefined) return;
    const isClean = this.#pass === undefined && server.underWay === 0 && !this.isPinned;
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
};

/** Of a pool that leads to a writer of the past. */
export const poolClosedCode = "LW001";
