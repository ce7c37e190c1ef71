/** A client that has logged in: its bytes in, gathered into units that are run one after the other; its answers out. */
import type { ByteSocket } from "../env/byte-socket.ts";
import { encodeError, pgError, type PgError } from "../wire/postgres/error-response.ts";
import { FrameScanner, type FrameHandler } from "../wire/postgres/frame-scanner.ts";
import { frontend } from "../wire/postgres/message-types.ts";
import { WireError } from "../wire/postgres/wire-error.ts";
import { extended, gathered, whole } from "./client-messages.ts";
import { CopyIn } from "./copy-in.ts";
import { tooManyBytes } from "./gateway-errors.ts";
import { encodeReady } from "./local-answer.ts";
import { isLarge } from "./prepared-statements.ts";
import { RequestShare } from "./request-share.ts";
import type { ServerConnection } from "./server-connection.ts";
import { SessionEnd } from "./session-end.ts";
import type { SessionHome, SessionIdentity } from "./session-home.ts";
import { SessionQueue, type Queued } from "./session-queue.ts";
import type { Status } from "./session-transaction.ts";
import { flushMessage, isExtended, isOpenPart, markedSync, syncBytes, unmark } from "./unit-end.ts";
import { UnitInput } from "./unit-input.ts";
import type { SessionOutput } from "./session-context.ts";
import { UnitRunner } from "./unit-runner.ts";
import { readUnit } from "./unit.ts";

/** 256 KiB that the client has not taken: its server is not read meanwhile. */
const outputHighBytes = 262_144;
/** 1 MiB of units that wait for their turn: the client is not read meanwhile. */
const inputHighBytes = 1_048_576;
/** 1 min: what a client has sent before it said goodbye is done, as PostgreSQL does it, but not for longer. */
const farewellMs = 60_000;
/** 2 s: the same for one that ended without a word, and has most probably gone. */
const vanishedMs = 2_000;

export class ClientSession implements FrameHandler, SessionOutput {
  readonly runner: UnitRunner;
  readonly #socket: ByteSocket;
  readonly #home: SessionHome;
  readonly #scanner: FrameScanner;
  readonly #input = new UnitInput();
  readonly #end = new SessionEnd();
  readonly #onClosed: () => void;
  readonly #queue = new SessionQueue();
  readonly #share: RequestShare;
  readonly #copyIn = new CopyIn({
    server: () => this.runner.server,
    slowed: (server) => this.#waitFor(server),
  });
  /** Of the unit that is under way. */
  #runningBytes = 0;
  #isBusy = false;
  #isPumping = false;
  #isPaused = false;
  /** It has prepared a text that is so large that it is counted. */
  #hasLargeStatement = false;
  /** The present unit was flushed, and has not had its Sync. */
  #isOpen = false;
  #leaving: { readonly sinceMs: number; readonly withinMs: number } | undefined;
  /** What the system would not take of the answer, as `tick` saw it last. */
  #stuck: { readonly bytes: number; readonly sinceMs: number } | undefined;
  #isExtended = false;
  /** The present unit was flushed: its ReadyForQuery is not the client's, who has sent no Sync yet. */
  #isFlushed = false;
  /** What was flushed has failed: as PostgreSQL does, everything is skipped until the Sync. */
  #isSkipping = false;
  #isOver = false;

  /** `socket` has been answered up to ReadyForQuery; `rest` was sent ahead. */
  constructor(
    socket: ByteSocket,
    identity: SessionIdentity,
    home: SessionHome,
    onClosed: () => void,
  ) {
    const { unitBytesMax, frameBytesMax } = home.limits;
    this.#socket = socket;
    this.#home = home;
    this.#onClosed = onClosed;
    this.#share = new RequestShare(home.requestBytes);
    this.#scanner = new FrameScanner({
      whole,
      wholeBytesMax: unitBytesMax,
      larger: "parts",
      frameBytesMax,
    });
    this.runner = new UnitRunner(home, identity, this, this.#end);
  }

  start(rest: Buffer): void {
    this.#socket.attach({
      data: (bytes) => this.#data(bytes),
      drained: () => this.#drained(),
      ended: () => this.#leave(vanishedMs),
      closed: () => this.#close(),
    });
    if (rest.length > 0) this.#data(rest);
  }

  get queuedBytes(): number {
    return this.#socket.queuedBytes;
  }

  #data(bytes: Buffer): void {
    if (this.#isDeaf()) return;
    this.#input.enter(bytes);
    try {
      this.#scanner.feed(bytes, this);
    } catch (error) {
      return this.#broken(error);
    } finally {
      this.#input.leave();
    }
    this.#pump();
    this.#account();
    const isFull = this.#queue.bytes + this.#input.bytes > inputHighBytes;
    if (isFull && (this.#isBusy || this.#isOutputFull()) && !this.#isPaused) {
      this.#isPaused = true;
      this.#socket.pause();
    }
  }

  /** To be called now and then. */
  tick(nowMs: number): void {
    if (this.#isOver) return;
    const { slowClientMs } = this.#home.limits;
    const bytes = this.#socket.unsentBytes;
    if (bytes === 0) this.#stuck = undefined;
    else if (this.#stuck?.bytes !== bytes) this.#stuck = { bytes, sinceMs: nowMs };
    else if (nowMs - this.#stuck.sinceMs >= slowClientMs) return this.#drop();
    const leaving = this.#leaving;
    if (leaving && (this.runner.isHeld || nowMs - leaving.sinceMs >= leaving.withinMs)) {
      return this.#close();
    }
    this.runner.tick(nowMs);
  }

  message(type: number, bytes: Buffer, start: number, end: number): void {
    if (this.#isDeaf()) return;
    if (this.#copyIn.isAsked && this.#copyIn.message(type, bytes.subarray(start, end))) return;
    if (extended.has(type)) {
      this.#input.sees(type);
      return this.#gather(bytes, start, end);
    }
    switch (type) {
      case frontend.query:
      case frontend.sync:
      case frontend.functionCall:
        this.#input.add(bytes, start, end);
        return this.#enqueue();
      case frontend.flush:
        return this.#flush();
      case frontend.terminate:
        return this.#leave(farewellMs);
      case frontend.copyDone:
      case frontend.copyFail:
        return this.#keepCopy(bytes.subarray(start, end), { type, isWhole: true });
      default:
        throw new WireError(`invalid frontend message type ${type}`);
    }
  }

  part(type: number, bytes: Buffer, start: number, end: number): void {
    if (this.#isDeaf()) return;
    if (type === frontend.copyData) return this.#copyPart(bytes.subarray(start, end));
    if (!gathered.has(type)) throw new WireError(`invalid frontend message type ${type}`);
    this.#gather(bytes, start, end);
    this.#account();
    const isUnit = type === frontend.query || type === frontend.functionCall;
    if (isUnit && this.#scanner.isBetweenFrames) this.#enqueue();
  }

  /** Whatever it says now, it has said goodbye before. */
  #isDeaf(): boolean {
    return this.#isOver || this.#leaving !== undefined;
  }

  // The runner's side.

  write(bytes: Buffer): void {
    this.#socket.write(bytes);
    if (this.#isOutputFull()) this.runner.server?.pause();
  }

  #isOutputFull(): boolean {
    return this.#socket.queuedBytes >= outputHighBytes;
  }

  ready(status: Status): void {
    if (!this.#isFlushed) this.write(encodeReady(status));
  }

  failed(): void {
    this.#isSkipping = this.#isFlushed;
  }

  cork(): void {
    this.#socket.cork();
  }

  uncork(): void {
    this.#socket.uncork();
  }

  copyInBegan(): void {
    this.#copyIn.began(this.#isExtended);
    // Sent before the server had asked for it.
    while (this.#copyIn.isAsked) {
      const next = this.#queue.shift();
      if (next === undefined) return;
      const { bytes, copy } = next;
      this.#copyIn.kept(copy?.type ?? bytes[0] ?? 0, bytes, copy?.isWhole ?? true);
    }
  }

  flushSent(): void {
    this.#pump();
  }

  unitDone(): void {
    this.#copyIn.ended();
    this.#isBusy = this.#isOpen = false;
    this.#runningBytes = 0;
    this.#account();
    this.#pump();
  }

  finish(error: PgError | undefined): void {
    if (this.#isOver) return;
    // In the middle of a message it would be taken for a part of that.
    if (error && !this.runner.server?.isInsideMessage) this.#socket.write(encodeError(error));
    this.#socket.end();
    this.#close();
  }

  // Units.

  #gather(bytes: Buffer, start: number, end: number): void {
    const { frameBytesMax } = this.#home.limits;
    if (this.#input.bytes + end - start > frameBytesMax) {
      throw new WireError(`more than ${frameBytesMax} bytes without a Sync`, "54000");
    }
    this.#input.add(bytes, start, end);
  }

  #enqueue(): void {
    this.#queue.push({ bytes: this.#input.take(), copy: undefined });
  }

  /**
   * A client wants answers before its Sync. As a rule to prepare: then what it sent is made a unit by a Sync of ours,
   * whose answer it does not see. What it executes is one transaction with what follows, and stays one unit.
   */
  #flush(): void {
    const { executes, bytes } = this.#input;
    if (bytes === 0) return;
    const end = executes || this.#endsOpen() ? flushMessage : markedSync;
    this.#input.add(end, 0, end.length);
    this.#enqueue();
  }

  /** What the client sent last was flushed, and goes on. */
  #endsOpen(): boolean {
    const last = this.#queue.lastUnit;
    return last === undefined ? this.#isOpen : isOpenPart(last);
  }

  /** Not from inside itself: a chunk of answers that are given here would be as deep as it is long. */
  #pump(): void {
    if (this.#isPumping) return;
    this.#isPumping = true;
    this.#takeAll();
    this.#isPumping = false;
  }

  #takeAll(): void {
    while (!this.#isOver && !this.#isOutputFull() && this.#canTake()) {
      const next = this.#queue.shift();
      if (next === undefined) break;
      // COPY data for a COPY that never began, or ended in an error: PostgreSQL drops them, too.
      if (!next.copy) this.#take(next.bytes);
    }
    if (this.#leaving && !this.#isBusy && this.#queue.isEmpty) return this.#close();
    if (this.#isPaused && this.#queue.bytes < inputHighBytes) {
      this.#isPaused = false;
      this.#socket.resume();
    }
  }

  #canTake(): boolean {
    return !this.#isBusy || (this.#isOpen && this.runner.canGoOn && !this.#queue.hasCopyNext);
  }

  #take(bytes: Buffer): void {
    const isOpen = isOpenPart(bytes);
    this.#runningBytes += bytes.length;
    if (this.#isBusy) return this.#run(bytes, isOpen);
    this.#isBusy = true;
    this.#isExtended = isExtended(bytes);
    if (isOpen) {
      this.#isFlushed = true;
      if (this.#isSkipping) return this.unitDone();
      this.#isOpen = true;
      return this.#run(bytes, true);
    }
    this.#isFlushed = unmark(bytes);
    if (!this.#isSkipping) return this.#run(bytes, false);
    if (this.#isFlushed || !this.#isExtended) return this.unitDone();
    this.#isSkipping = false;
    this.#run(bytes.subarray(bytes.length - syncBytes), false);
  }

  #run(bytes: Buffer, isOpen: boolean): void {
    const { registry, limits } = this.#home;
    try {
      const { names, transaction } = this.runner.state;
      const { parseKey } = transaction.settings;
      const unit = readUnit(bytes, { names, parseKey }, registry, limits);
      this.#hasLargeStatement ||= unit.replaced.some(({ prepared }) => isLarge(prepared));
      if (!this.#isOpen || !this.runner.canGoOn) return this.runner.run(unit, isOpen);
      if (unit.kind !== "extended") throw new WireError("a query before the Sync of a pipeline");
      if (!isOpen) this.#isFlushed = this.#isOpen = false;
      this.runner.goOn(unit, isOpen);
    } catch (error) {
      this.#broken(error);
    }
  }

  /** It does not keep to the protocol. @throws what is not that */
  #broken(error: unknown): void {
    if (!(error instanceof WireError)) throw error;
    this.finish(pgError({ severity: "FATAL", code: error.sqlState, message: error.message }));
  }

  #copyPart(bytes: Buffer): void {
    const isWhole = this.#scanner.isBetweenFrames;
    if (this.#copyIn.part(bytes, isWhole)) return;
    this.#keepCopy(bytes, { type: frontend.copyData, isWhole });
  }

  /** For a COPY whose turn has not come. Of one that is over, the rest is dropped. */
  #keepCopy(bytes: Buffer, copy: NonNullable<Queued["copy"]>): void {
    if (!this.#isBusy && this.#queue.isEmpty) return;
    this.#queue.push({ bytes: Buffer.from(bytes), copy });
  }

  #waitFor(server: ServerConnection): void {
    if (this.#isPaused) return;
    this.#isPaused = true;
    this.#socket.pause();
    server.whenDrained(() => {
      this.#isPaused = false;
      this.#socket.resume();
    });
  }

  #drained(): void {
    if (this.#isOutputFull()) return;
    this.runner.server?.resume();
    this.#pump();
  }

  #largeStatementBytes(): number {
    if (!this.#hasLargeStatement) return 0;
    const large = [...this.runner.state.names.values()].filter(isLarge);
    this.#hasLargeStatement = large.length > 0;
    return large.reduce((sum, { body }) => sum + body.length, 0);
  }

  /** Its share of what the gateway keeps of all clients' units. */
  #account(): void {
    const keptBytes = this.#isOver
      ? 0
      : this.#input.bytes + this.#queue.bytes + this.#runningBytes + this.#largeStatementBytes();
    if (!this.#share.keeps(keptBytes)) this.finish(tooManyBytes());
  }

  /** The client sends nothing more; what it has sent is done, unless it would have to wait for a writer. */
  #leave(withinMs: number): void {
    if (this.#isOver || this.#leaving) return;
    const isNothingLeft = !this.#isBusy && this.#queue.isEmpty;
    if (isNothingLeft || this.#copyIn.isAsked || this.#isOpen || this.runner.isHeld)
      return this.#close();
    this.#leaving = { sinceMs: this.#home.clock.monotonicMs(), withinMs };
  }

  /** It takes nothing of its answer: there is no use in telling it anything. */
  #drop(): void {
    this.#socket.destroy();
    this.#close();
  }

  #close(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#queue.clear();
    this.#account();
    this.runner.server?.resume();
    this.#end.end();
    this.runner.leave();
    this.#socket.end();
    this.#onClosed();
  }
}
