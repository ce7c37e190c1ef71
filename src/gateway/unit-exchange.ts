/**
 * A session at its server: sets it up, sends units, takes the answers, and gives the server back when nothing binds the
 * session to it.
 *
 *   start ─► set up ─► send ─► answered ─► (token, restore, listen) ─► ready ─► (look) ─► done
 *                       │          └─ refused by a standby ─► elsewhere
 *                       └─ server lost ─► retry, or one honest error
 */
import { describeError } from "../model/failure.ts";
import { encodeParameterStatus } from "../wire/postgres/backend-messages.ts";
import type { PgError } from "../wire/postgres/error-response.ts";
import {
  asksSequences,
  countUnit,
  endsIdle,
  forgetsStatements,
  knowServer,
  prepareServer,
} from "./after-unit.ts";
import { CommitWitness } from "./commit-witness.ts";
import { promises } from "./consistency.ts";
import { tokenSetting } from "./decide-unit.ts";
import { noServer } from "./gateway-errors.ts";
import { refusalOf } from "./refusal.ts";
import type { OwnResult } from "./own-query.ts";
import type { ServerConnection } from "./server-connection.ts";
import { ServerLoss } from "./server-loss.ts";
import { ServerSeat } from "./server-seat.ts";
import type { ServerUser } from "./server-user.ts";
import { tellReady, type SessionContext } from "./session-context.ts";
import type { TargetKind } from "./session-home.ts";
import { lookQuery, readLook } from "./session-look.ts";
import { lostByReset } from "./session-settings.ts";
import type { Status } from "./session-transaction.ts";
import { parseToken } from "./token.ts";
import { TokenTeller } from "./token-teller.ts";
import { translate } from "./translate.ts";
import type { UnitMeanings } from "./unit-meanings.ts";
import { UnitPass, type RetryPlace } from "./unit-pass.ts";
import { retriesMax, triedAgain, type UnitTask } from "./unit-task.ts";
import { forgetAll, undoAfter, type Unit } from "./unit.ts";
import type { Lodger } from "./writer-door.ts";

export type ExchangeHooks = {
  /** Its server was lost, and nothing of it was done. */
  readonly retryElsewhere: (task: UnitTask) => void;
  /** A standby has refused it. */
  readonly toWriter: (task: UnitTask) => void;
};

export class UnitExchange implements ServerUser {
  readonly seat: ServerSeat;
  readonly #context: SessionContext;
  readonly #meanings: UnitMeanings;
  readonly #hooks: ExchangeHooks;
  readonly #tokens: TokenTeller;
  readonly #loss: ServerLoss;
  readonly #witness: CommitWitness | undefined;
  #task: UnitTask | undefined;
  #pass: UnitPass | undefined;
  /** Sent as soon as the server is set up for it. */
  #settingUp: UnitTask | undefined;
  /** The present unit was flushed, and goes on. */
  #isOpen = false;
  /** What the server has to be told after a RESET: it knows nothing of the client's startup message. */
  #lost: string | undefined;

  constructor(
    context: SessionContext,
    meanings: UnitMeanings,
    lodger: Lodger,
    hooks: ExchangeHooks,
  ) {
    this.#context = context;
    this.#meanings = meanings;
    this.#hooks = hooks;
    this.seat = new ServerSeat(context.home, context.identity, { user: this, lodger });
    this.#witness = context.home.findsCommits ? new CommitWitness(context) : undefined;
    this.#loss = new ServerLoss(context, this.#witness, () => {
      if (this.#task) this.#hooks.retryElsewhere(this.#task);
    });
    this.#tokens = new TokenTeller(context, (server, status) => this.#told(server, status));
  }

  /** A unit is at the server, and has not been answered. */
  get isBusy(): boolean {
    return this.#pass !== undefined || this.#loss.isFindingOut;
  }

  /** The present unit was flushed, and is at its server. */
  get canGoOn(): boolean {
    return this.#isOpen && this.#pass !== undefined;
  }

  /** Whether a refusal there can be kept from the client: there is the writer to go to. */
  isForwarded(kind: TargetKind): boolean {
    const { identity, state } = this.#context;
    return kind === "local" && identity.mode === "forward" && state.level !== "off";
  }

  /** The server is the session's; it may be set up for another one. */
  start(task: UnitTask, server: ServerConnection): void {
    const { settings } = this.#context.state.transaction;
    const forgets = task.meaning.effects.some(asksSequences) && !this.seat.isSame;
    const preparation = prepareServer(server, this, { settings, forgets });
    if (preparation === undefined) return this.send(task, server);
    const { sql, isUnsure, isFirst } = preparation;
    if (!isUnsure) {
      server.cork();
      server.ask(sql, ({ error }) => error && this.#settingFailed(server, error));
      this.send(task, server);
      return server.uncork();
    }
    // Nothing is sent before it is certain that it runs as nobody else, and where the client means it to.
    this.#settingUp = task;
    server.ask(sql, ({ error }) => {
      if (this.#hasLeft(server) || server.isLost) return;
      // What another client has left there may be the reason. `serverLost` takes the next one.
      if (error && !isFirst) return server.close();
      this.#settingUp = undefined;
      if (error) return this.#settingFailed(server, error);
      this.send(task, server);
    });
  }

  send(task: UnitTask, server: ServerConnection): void {
    const { home, output, state } = this.#context;
    const { unit, meaning, isOpen } = task;
    const { phase } = state.transaction;
    const isInTransaction = phase.kind !== "idle";
    server.cork();
    if (phase.kind === "deferred") this.#beginTransaction(server, phase.sql);
    if (meaning.effects.some(({ kind }) => kind === "opaque")) home.customSettings.see(unit);
    const { bytes, script, isDescribed } = translate(unit, server.knowledge, {
      isInTransaction,
      isOpen,
    });
    const mayRetry = this.#retryPlaces(task, { isInTransaction, isDescribed });
    const pass = new UnitPass(unit, meaning, {
      script,
      startedAtMs: task.startedAtMs,
      mayRetry,
      isCommit: !isOpen && this.#witness?.finds(meaning) === true,
    });
    this.#task = task;
    this.#isOpen = isOpen;
    this.#pass = pass;
    server.send(bytes, pass);
    if (state.transaction.phase.kind === "open") this.#follow(server, task);
    this.#tokens.begin();
    // A server that waits for COPY data takes no query.
    const mayFollow = !isOpen && !meaning.effects.some(({ kind }) => kind === "copy-in");
    if (this.#isToldTokens() && mayFollow && endsIdle(isInTransaction, meaning)) {
      this.#tokens.ask(server, state.mayCommitUnflushed(meaning.effects));
    }
    server.uncork();
    if (isOpen) output.flushSent();
  }

  /** More of the present unit, when it `canGoOn`. @param isOpen more will come; false: it ends with its Sync */
  goOn(unit: Unit, isOpen: boolean): void {
    const { server } = this.seat;
    const pass = this.#pass;
    if (server === undefined || pass === undefined) return;
    this.#isOpen = isOpen;
    const isInTransaction = this.#context.state.transaction.phase.kind !== "idle";
    pass.extend(unit, this.#meanings.inParts(unit));
    server.cork();
    const { bytes, script } = translate(unit, server.knowledge, { isInTransaction, isOpen: true });
    server.sendOn(bytes, pass, script);
    server.uncork();
  }

  /** What is under way is cancelled at its server. */
  cancel(): void {
    const { server } = this.seat;
    if (server && this.#pass) this.#context.home.cancelAt(server);
  }

  // What its server says.

  pass(bytes: Buffer): void {
    this.#context.output.write(bytes);
  }

  begin(): void {
    this.#context.output.cork();
  }

  finish(): void {
    this.#context.output.uncork();
  }

  copyInBegan(): void {
    this.#context.output.copyInBegan();
  }

  tokenCame(text: string): void {
    const token = parseToken(text);
    if (token === undefined) return;
    const { home, identity, output, state } = this.#context;
    home.learnt(token);
    state.seen.learnt(token, home.timelines);
    // It has come by way of this Region, because its gateway had not heard of the new writer yet.
    if (identity.peer) output.write(encodeParameterStatus(tokenSetting, text));
  }

  unitEnded(pass: UnitPass, status: Status): void {
    const { server } = this.seat;
    this.#pass = undefined;
    if (server === undefined) return;
    if (pass.isRefused) return this.#refused(pass, server);
    this.#account(pass, status, server);
    this.#witness?.ended(pass.meaning, status);
    if (status === "I") this.#markAnswer();
    if (status === "I" && this.#isToldTokens()) return this.#tokens.tell(server, status);
    this.#answered(server, status);
  }

  serverLost(because: string): void {
    const pass = this.#pass;
    const settingUp = this.#settingUp;
    const isInsideMessage = this.seat.server?.isInsideMessage === true;
    this.#pass = undefined;
    this.#settingUp = undefined;
    this.seat.lost();
    if (settingUp) return this.#hooks.retryElsewhere(settingUp);
    this.#loss.tell({ because, pass, isInsideMessage });
  }

  /** The client has gone: what it had goes back, what it began is undone. */
  leave(): void {
    const { server } = this.seat;
    if (server === undefined) return;
    const { home, state } = this.#context;
    const isBound = state.pins.size > 0 || state.needsLook || this.#lost !== undefined;
    if (this.#pass !== undefined || server.underWay > 0 || isBound) {
      this.seat.lost();
      if (this.#pass) home.cancelAt(server);
      return server.close();
    }
    if (state.transaction.phase.kind === "idle") return this.seat.leave();
    server.ask("ROLLBACK", ({ error }) => {
      if (error) server.isOpaque = true;
      state.transaction.endHere(false);
      server.settings = state.transaction.settings;
      this.seat.leave();
    });
  }

  #isToldTokens(): boolean {
    const { home, identity } = this.#context;
    return identity.peer !== undefined && home.isWriterHere && this.seat.kind === "writer";
  }

  #hasLeft(server: ServerConnection): boolean {
    return this.#context.end.isOver || this.seat.server !== server;
  }

  /** The client's settings cannot be had in this server, so that nothing there is what the client means. */
  #settingFailed(server: ServerConnection, error: PgError): void {
    if (this.seat.server !== server || server.isLost) return;
    this.#context.output.finish({ ...error, severity: "FATAL" });
    server.close();
  }

  /** A peer's clients are followed by their own gateway, which outlives what happens to this Region. */
  #follow(server: ServerConnection, task: UnitTask): void {
    const { home, identity } = this.#context;
    if (!home.findsCommits || this.seat.kind !== "writer" || identity.peer) return;
    this.#witness?.follow(server, task);
  }

  /** BEGIN can fail at a standby, and the statement behind it would run by itself. */
  #beginTransaction(server: ServerConnection, sql: string): void {
    server.ask(sql, ({ error }) => error && this.#settingFailed(server, error));
    this.#context.state.transaction.open();
    this.seat.stays(true);
  }

  #retryPlaces(
    { meaning, isOpen, retries }: UnitTask,
    sent: { readonly isInTransaction: boolean; readonly isDescribed: boolean },
  ): ReadonlySet<RetryPlace> {
    if (sent.isInTransaction || isOpen || retries >= retriesMax) return nowhere;
    const isPinned = this.#context.state.pins.size > 0;
    const mayLeave = !isPinned && this.isForwarded(this.seat.kind) && meaning.isReplayable;
    if (!mayLeave) return sent.isDescribed ? onlyHere : nowhere;
    return sent.isDescribed ? anywhere : onlyElsewhere;
  }

  #refused(pass: UnitPass, server: ServerConnection): void {
    const task = this.#task;
    if (task === undefined) return;
    this.#context.home.counts.replays += 1;
    // Nothing of it was done, and the server prepares it anew.
    if (pass.hasStalePlan) return this.send(triedAgain(task), server);
    const { errorCode: code = "", errorMessage: message } = pass;
    if (refusalOf({ code, message }) === "writes") this.#meanings.refused(pass.unit);
    this.seat.leave();
    this.#hooks.toWriter(triedAgain(task));
  }

  /** What the unit has changed: of the session, of the server, and for those who count. */
  #account(pass: UnitPass, status: Status, server: ServerConnection): void {
    const { channels, home, output, state } = this.#context;
    const { meaning, unit } = pass;
    const hadError = pass.errorCode !== undefined;
    if (hadError) {
      output.failed();
      undoAfter(unit, pass.script?.done ?? 0, state.names);
    }
    state.ended(meaning.effects, hadError, status);
    const { settings, startup } = state.transaction;
    const keepsStatements = hadError || unit.forgotten !== undefined;
    knowServer(server, this, { meaning, settings, keepsStatements });
    channels.changed();
    this.#lost = hadError ? undefined : lostByReset(meaning.effects, startup, settings);
    if (unit.forgotten && hadError) server.isOpaque = true;
    if (!keepsStatements && meaning.effects.some(forgetsStatements)) forgetAll(state.names);
    const tookMs = home.clock.monotonicMs() - pass.startedAtMs;
    const { kind } = this.seat;
    countUnit(home.counts, { meaning, kind, status, hadError, tookMs });
    if (state.defined(meaning.effects, status)) {
      home.catalogChanged(home.isWriterHere ? undefined : state.seen.latest);
    }
  }

  /** In the writer's Region: what has to survive it when it moves. */
  #markAnswer(): void {
    const { home, identity, state } = this.#context;
    if (this.seat.kind !== "writer" || identity.peer || !promises(state.level)) return;
    const mark = home.mark();
    if (mark) state.seen.marked(mark);
  }

  /** The token has left before what was kept back for it. The server may be gone by now. */
  #told(server: ServerConnection, status: Status): void {
    if (this.seat.server === server) return this.#answered(server, status);
    tellReady(this.#context, status);
    this.#context.output.unitDone();
  }

  #answered(server: ServerConnection, status: Status): void {
    const { channels, output, state } = this.#context;
    if (this.#lost !== undefined) return this.#restore(server, status, this.#lost);
    if (channels.missing.length > 0) {
      return void this.#listen(server, () => this.#answered(server, status));
    }
    tellReady(this.#context, status);
    if (status !== "I" || server.underWay > 0) {
      this.seat.stays(status !== "I");
      return output.unitDone();
    }
    if (state.needsLook && !server.lacksEnd) return this.#look(server);
    this.#settle();
  }

  /** Stays at the server, or gives it back. */
  #settle(): void {
    if (this.#context.state.pins.size > 0) this.seat.stays(true);
    else this.seat.leave();
    this.#context.output.unitDone();
  }

  /** RESET means what the client's startup message asked for, which its server took for a SET like any other. */
  #restore(server: ServerConnection, status: Status, sql: string): void {
    this.#lost = undefined;
    const settle = ({ error }: OwnResult): void => {
      if (this.#hasLeft(server)) return;
      if (error) return this.#settingFailed(server, error);
      this.#answered(server, status);
    };
    server.ask(sql, settle, { isReported: true });
  }

  /** For a LISTEN that ran in the server: it is not the server that listens for the client. */
  async #listen(server: ServerConnection, then: () => void): Promise<void> {
    const { channels, output } = this.#context;
    server.isOpaque = true;
    try {
      for (const channel of channels.missing) await channels.listen(channel);
    } catch (error) {
      return output.finish(noServer("the writer", 0, describeError(error)));
    }
    if (!this.#hasLeft(server)) then();
  }

  #look(server: ServerConnection): void {
    const { channels, home, identity, state } = this.#context;
    const custom = home.customSettings.namesWith(state.transaction.settings);
    server.ask(lookQuery(custom), (result) => {
      if (this.#hasLeft(server)) return;
      const look = readLook(result, identity.user);
      if (look === undefined) server.isOpaque = true;
      else {
        state.looked(look.settings, look.pins);
        server.settings = look.settings;
        for (const channel of look.channels) state.transaction.listen(channel);
      }
      if (channels.missing.length === 0) return this.#settle();
      void this.#listen(server, () => this.#settle());
    });
  }
}

const nowhere: ReadonlySet<RetryPlace> = new Set();
const onlyHere: ReadonlySet<RetryPlace> = new Set<RetryPlace>(["here"]);
const onlyElsewhere: ReadonlySet<RetryPlace> = new Set<RetryPlace>(["elsewhere"]);
const anywhere: ReadonlySet<RetryPlace> = new Set<RetryPlace>(["here", "elsewhere"]);
