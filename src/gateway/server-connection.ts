/**
 * A connection to a server, PostgreSQL or another Region's gateway, that clients take in turns. It passes on what the
 * server says to whoever holds it, in runs as long as they come; everything that is not the client's own stays here.
 */
import type { ByteSocket } from "../env/byte-socket.ts";
import { assert } from "../std/assert.ts";
import { decodeParameterStatus, type BackendKey } from "../wire/postgres/backend-messages.ts";
import { decodeError, type PgError } from "../wire/postgres/error-response.ts";
import { FrameScanner, type FrameHandler } from "../wire/postgres/frame-scanner.ts";
import { encodeQuery } from "../wire/postgres/frontend-messages.ts";
import { backend } from "../wire/postgres/message-types.ts";
import { Holds } from "./holds.ts";
import { OwnQuery, type AskOptions, type OwnResult } from "./own-query.ts";
import { PassedRun } from "./passed-run.ts";
import { ServerStatements } from "./prepared-statements.ts";
import { tokenSetting } from "./decide-unit.ts";
import type { ReplyScript } from "./reply-script.ts";
import { SessionSettings } from "./session-settings.ts";
import type { Status } from "./session-transaction.ts";
import type { ServerUser } from "./server-user.ts";
import { forgetSkipped, spoilAll, type ServerKnowledge } from "./translate.ts";
import { endsHoldBack, type UnitPass } from "./unit-pass.ts";

type Expected = { readonly kind: "unit"; readonly pass: UnitPass } | OwnQuery;

export type ServerLimits = {
  readonly preparedPerServerMax: number;
};

/** 1 MiB: of an error, a notice, a row description; larger ones pass unread. */
const wholeBytesMax = 1_048_576;

/** 1 GiB: PostgreSQL's own bound of a message. */
const frameBytesMax = 1_073_741_824;

const passedUnread = new Set<number>([backend.dataRow, backend.copyData]);
const whole = new Set<number>(Object.values(backend).filter((type) => !passedUnread.has(type)));

/** Messages of a unit's answer that may be for the gateway alone. */
const looksInto = new Set<number>([
  backend.parameterStatus,
  backend.errorResponse,
  backend.notificationResponse,
]);

export class ServerConnection implements FrameHandler {
  /** What it has SET, as far as we know. */
  settings = SessionSettings.none;
  /** Something ran in it that may have changed anything. */
  isOpaque = false;
  /** Whose code ran in it that may have set what nobody knows: for anybody else everything is reset. */
  touchedBy: ServerUser | undefined;
  /** Whoever had it last: what nextval left there is theirs. */
  lastUser: ServerUser | undefined;
  readonly knowledge: ServerKnowledge;
  /** What it reported at its login. */
  readonly parameters: ReadonlyMap<string, string>;
  /** What it has reported since, too. */
  readonly reported: Map<string, string>;
  /** False when what it acknowledges does not count any more. */
  readonly #mayPassOn: () => boolean;
  readonly #key: BackendKey | undefined;
  /** It is another Region's gateway. */
  readonly #isPeer: boolean;
  readonly #socket: ByteSocket;
  readonly #scanner: FrameScanner;
  readonly #expected: Expected[] = [];
  readonly #holds = new Holds();
  /** What goes to the client as it came. */
  readonly #run = new PassedRun((bytes) => this.#pass(bytes));
  #user: ServerUser | undefined;
  #onLost: (because: string) => void = () => undefined;
  #lastError: PgError | undefined;
  #isLost = false;
  #isInsidePart = false;
  /** COPY data that were sent end inside a message. */
  #isInsideMore = false;
  #isPaused = false;
  #whenDrained: (() => void) | undefined;

  /** `socket` has logged in, and said that it is ready. */
  constructor(
    socket: ByteSocket,
    login: {
      readonly parameters: ReadonlyMap<string, string>;
      readonly key: BackendKey | undefined;
      readonly isPeer: boolean;
    },
    limits: ServerLimits,
    mayPassOn: () => boolean,
  ) {
    this.#socket = socket;
    this.#mayPassOn = mayPassOn;
    this.#key = login.key;
    this.#isPeer = login.isPeer;
    this.parameters = login.parameters;
    this.reported = new Map(login.parameters);
    this.knowledge = {
      statements: new ServerStatements(limits.preparedPerServerMax),
      unnamed: undefined,
    };
    this.#scanner = new FrameScanner({ whole, wholeBytesMax, larger: "parts", frameBytesMax });
    socket.attach({
      data: (bytes) => this.#data(bytes),
      drained: () => this.#drained(),
      ended: () => this.#lost("it closed the connection"),
      closed: (error) => this.#lost(error?.message ?? "it closed the connection"),
    });
  }

  /** What it was sent last ends inside a message: whatever else it is sent it would take for the rest. */
  get lacksEnd(): boolean {
    return this.#isInsideMore;
  }

  get isLost(): boolean {
    return this.#isLost;
  }

  /** How to ask the server to cancel what it does for us. */
  get key(): BackendKey | undefined {
    return this.#key;
  }

  get queuedBytes(): number {
    return this.#socket.queuedBytes;
  }

  /** Units and own queries that have no answer yet. */
  get underWay(): number {
    return this.#expected.length;
  }

  /** Called once when the connection is lost, whoever holds it. */
  onLost(listener: (because: string) => void): void {
    this.#onLost = listener;
  }

  linkTo(user: ServerUser): void {
    assert(this.#user === undefined, "a server serves one client at a time");
    this.#user = user;
    this.lastUser = user;
  }

  unlink(): void {
    assert(this.#expected.length === 0, "a server that has to answer is not given away");
    this.#user = undefined;
    // Whoever comes next does not wait for a client that was slow.
    this.resume();
    if (this.lacksEnd) this.isOpaque = true;
  }

  /** Sends a unit; its answer goes to the user. */
  send(bytes: Buffer, pass: UnitPass): void {
    if (pass.unit.kind === "simple") this.knowledge.unnamed = undefined;
    this.#expected.push({ kind: "unit", pass });
    this.#socket.write(bytes);
  }

  /** COPY data of a unit that is under way. @param isWhole a message ends where they end */
  sendMore(bytes: Buffer, isWhole: boolean): void {
    this.#isInsideMore = !isWhole;
    this.#socket.write(bytes);
  }

  /** More messages of a unit that was flushed, and how they are answered. */
  sendOn(bytes: Buffer, pass: UnitPass, script: ReplyScript | undefined): void {
    this.#socket.write(bytes);
    if (script === undefined || pass.script === undefined) return;
    pass.script.append(script);
    if (pass.errorCode !== undefined) return;
    this.#user?.begin();
    this.#answerDue(pass.script);
    this.#user?.finish();
  }

  /** A query of ours among the client's units; it may be several statements, and its rows are of the last that had some. */
  ask(sql: string, settle: (result: OwnResult) => void, options?: AskOptions): void {
    this.knowledge.unnamed = undefined;
    this.#expected.push(new OwnQuery(settle, options));
    this.#socket.write(encodeQuery(sql));
  }

  /** The same by messages that leave the unnamed statement and portal alone. They end with a Sync. */
  askBeside(messages: Buffer, settle: (result: OwnResult) => void): void {
    this.#expected.push(new OwnQuery(settle, undefined));
    this.#socket.write(messages);
  }

  cork(): void {
    this.#socket.cork();
  }

  uncork(): void {
    this.#socket.uncork();
  }

  pause(): void {
    this.#isPaused = true;
    this.#socket.pause();
  }

  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#socket.resume();
  }

  /** Calls once what was written has left, or the connection is lost. */
  whenDrained(call: () => void): void {
    this.#whenDrained = call;
  }

  /** Until the returned is called it is given to nobody else: a cancel may still be on its way to it. */
  keepFromPool(): () => void {
    return this.#holds.take();
  }

  /** Nothing that was meant for the last user can reach it any more. */
  get isFree(): boolean {
    return this.#holds.isFree;
  }

  /** Calls at once, or as soon as it is free. */
  whenFree(call: () => void): void {
    this.#holds.whenFree(call);
  }

  close(): void {
    this.#socket.destroy();
    this.#lost("it was closed");
  }

  #data(bytes: Buffer): void {
    // What was written under a lease that is over may not be acknowledged, whoever waits for it.
    if (!this.#mayPassOn()) {
      this.#lost("its right to accept writes is over");
      return this.#socket.destroy();
    }
    this.#run.enter(bytes);
    const user = this.#user;
    user?.begin();
    try {
      this.#scanner.feed(bytes, this);
      this.#run.flush();
    } catch (error) {
      this.#lost(`it does not speak the protocol: ${(error as Error).message}`);
      this.#socket.destroy();
    } finally {
      this.#run.leave();
      user?.finish();
    }
  }

  #drained(): void {
    const call = this.#whenDrained;
    this.#whenDrained = undefined;
    call?.();
  }

  message(type: number, bytes: Buffer, start: number, end: number): void {
    const expected = this.#expected[0];
    if (expected?.kind !== "unit") {
      return this.#notOfUnit(expected, type, bytes.subarray(start, end));
    }
    const { pass } = expected;
    if (type === backend.readyForQuery) return this.#ready(pass, bytes, start);
    if (pass.isRefused) return;
    if (looksInto.has(type) && this.#keeps(pass, type, bytes.subarray(start, end))) return;
    if (pass.script !== undefined) {
      this.#answerDue(pass.script);
      if (!pass.script.take(type)) return this.#run.flush();
    }
    if (pass.isHeldBack && endsHoldBack.has(type)) this.#letGo(pass);
    this.#run.extend(bytes, start, end);
    if (type === backend.copyInResponse) this.#copyInBegan(pass);
  }

  part(_type: number, bytes: Buffer, start: number, end: number): void {
    const expected = this.#expected[0];
    if (expected === undefined) return;
    if (expected.kind === "own") {
      return expected.part(bytes.subarray(start, end), this.#scanner.isBetweenFrames);
    }
    const { pass } = expected;
    if (pass.isRefused) return;
    if (pass.isHeldBack) this.#letGo(pass);
    this.#isInsidePart = !this.#scanner.isBetweenFrames;
    this.#run.extend(bytes, start, end);
  }

  /** Whether what was passed on ends in the middle of a message, which nobody can complete. */
  get isInsideMessage(): boolean {
    return this.#isInsidePart;
  }

  /** True when a message of a unit's answer is not for the client. */
  #keeps(pass: UnitPass, type: number, message: Buffer): boolean {
    if (type === backend.parameterStatus) return this.#isToken(message);
    if (type === backend.errorResponse) return this.#isRefusal(pass, message);
    // Of a LISTEN that ran in a function, or among other statements: whoever listens is told by another connection.
    return type === backend.notificationResponse;
  }

  #isToken(message: Buffer): boolean {
    const { name, value } = decodeParameterStatus(message, 0, message.length);
    if (!this.#isPeer || name !== tokenSetting) {
      this.reported.set(name, value);
      return false;
    }
    this.#user?.tokenCame(value);
    return true;
  }

  /** Sends what is due from here before a message of the server. */
  #answerDue(script: ReplyScript): void {
    for (const answer of script.answersDue()) this.#emit(answer);
  }

  #copyInBegan(pass: UnitPass): void {
    this.#run.flush();
    pass.isCopyIn = true;
    this.#user?.copyInBegan(pass);
  }

  #ready(pass: UnitPass, bytes: Buffer, start: number): void {
    const { errorCode, script } = pass;
    if (errorCode === undefined && script !== undefined) this.#answerDue(script);
    if (pass.isHeldBack && !pass.isRefused) this.#letGo(pass);
    this.#run.flush();
    this.#expected.shift();
    if (errorCode !== undefined && pass.unit.kind === "extended") {
      forgetSkipped(script, this.knowledge);
    }
    if (pass.hasStalePlan) spoilAll(pass.unit, this.knowledge);
    this.#user?.unitEnded(pass, String.fromCharCode(bytes[start + 5] ?? 0) as Status);
  }

  /** Takes note of an error. True: nobody is to hear of it, because the unit can be tried elsewhere. */
  #isRefusal(pass: UnitPass, message: Buffer): boolean {
    const error = decodeError(message, 0, message.length);
    this.#lastError = error;
    if (!pass.failed(error)) return false;
    this.#run.drop();
    return true;
  }

  #notOfUnit(query: OwnQuery | undefined, type: number, message: Buffer): void {
    if (query === undefined) this.#unasked(type, message);
    else this.#own(query, type, message);
  }

  #own(query: OwnQuery, type: number, message: Buffer): void {
    if (type === backend.errorResponse) query.error = decodeError(message, 0, message.length);
    if (type === backend.parameterStatus) {
      const isToken = this.#isToken(message);
      if (query.isReported && !isToken) this.#user?.pass(message);
    }
    if (type !== backend.readyForQuery) return;
    this.#expected.shift();
    query.ended();
  }

  /** Nobody asked: it tells of a setting, of a notice, or why it ends. */
  #unasked(type: number, message: Buffer): void {
    if (type === backend.errorResponse) this.#lastError = decodeError(message, 0, message.length);
    if (type === backend.parameterStatus) this.#isToken(message);
    const isForUser = type === backend.noticeResponse || type === backend.parameterStatus;
    if (isForUser) this.#user?.pass(message);
  }

  #letGo(pass: UnitPass): void {
    for (const bytes of pass.letGo()) this.#user?.pass(bytes);
  }

  #emit(bytes: Buffer): void {
    this.#run.flush();
    this.#pass(bytes);
  }

  #pass(bytes: Buffer): void {
    const expected = this.#expected[0];
    if (expected?.kind === "unit") {
      const { pass } = expected;
      if (pass.isHeldBack) {
        if (pass.holdBack(bytes)) return;
        this.#letGo(pass);
      }
      pass.hasAnswered = true;
    }
    this.#user?.pass(bytes);
  }

  #lost(because: string): void {
    if (this.#isLost) return;
    this.#isLost = true;
    this.#drained();
    const said = this.#lastError === undefined ? because : this.#lastError.message;
    for (const one of this.#expected.splice(0)) if (one.kind === "own") one.lost(said);
    const user = this.#user;
    this.#user = undefined;
    this.#onLost(said);
    user?.serverLost(said);
  }
}
