/** A client that has logged in: its bytes in, gathered into units that are run one after the other; its answers out. */
import type { ByteSocket } from "../env/byte-socket.ts";
import { encodeError, pgError, type PgError } from "../wire/postgres/error-response.ts";
import { FrameScanner, type FrameHandler } from "../wire/postgres/frame-scanner.ts";
import { frontend } from "../wire/postgres/message-types.ts";
import { WireError } from "../wire/postgres/wire-error.ts";
import { encodeReady } from "./local-answer.ts";
import { tooManyBytes } from "./gateway-errors.ts";
import type { ServerConnection } from "./server-connection.ts";
import type { SessionHome, SessionIdentity } from "./session-home.ts";
import type { Status } from "./session-transaction.ts";
import { isLarge } from "./prepared-statements.ts";
import { UnitInput } from "./unit-input.ts";
import { UnitRunner, type SessionOutput } from "./unit-runner.ts";
import { readUnit } from "./unit.ts";

/** 256 KiB that the client has not taken: its server is not read meanwhile. */
const outputHighBytes = 262_144;
/** 1 MiB of units that wait for their turn: the client is not read meanwhile. */
const inputHighBytes = 1_048_576;
/** 64 KiB of what is kept of its units, which every client has beside the bound of all. */
const freeBytes = 65_536;
/** 1 min: what a client has sent before it said goodbye is done, as PostgreSQL does it, but not for longer. */
const farewellMs = 60_000;
/** 2 s: the same for one that ended without a word, and has most probably gone. */
const vanishedMs = 2_000;

/** A Sync, whole. */
const syncBytes = 5;
/** In place of the last byte of a Sync that is ours: its length is 4, and the client's own says so. */
const flushMark = 5;
const flushed = Buffer.from([frontend.sync, 0, 0, 0, flushMark]);
const flushMessage = Buffer.from([frontend.flush, 0, 0, 0, 4]);

function isExtended(bytes: Buffer): boolean {
  return bytes[0] !== frontend.query && bytes[0] !== frontend.functionCall;
}

/** It ends with a Flush: the unit goes on. */
function isOpenPart(bytes: Buffer): boolean {
  return isExtended(bytes) && bytes[bytes.length - syncBytes] === frontend.flush;
}

const whole = new Set<number>(Object.values(frontend).filter((type) => type !== frontend.copyData));
/** Of a unit that ends with Sync. */
const extended = new Set<number>([
  frontend.parse,
  frontend.bind,
  frontend.describe,
  frontend.execute,
  frontend.close,
]);
/** Messages of units: they come in parts when they are large, so that memory grows with what has arrived. */
const gathered = new Set<number>([
  frontend.query,
  frontend.parse,
  frontend.bind,
  frontend.functionCall,
]);

/** What waits for its turn: a unit, or COPY data, which go to a COPY that has not begun yet, or to nobody. */
type Queued = {
  readonly bytes: Buffer;
  readonly copy: { readonly type: number; readonly isWhole: boolean } | undefined;
};

export class ClientSession implements FrameHandler, SessionOutput {
  readonly runner: UnitRunner;
  readonly #socket: ByteSocket;
  readonly #home: SessionHome;
  readonly #scanner: FrameScanner;
  readonly #input = new UnitInput();
  readonly #end = new AbortController();
  readonly #onClosed: () => void;
  readonly #queue: Queued[] = [];
  #queuedBytes = 0;
  /** Of the unit that is under way. */
  #runningBytes = 0;
  /** What `requestBytes` of the gateway has been taken for. */
  #takenBytes = 0;
  #isBusy = false;
  #isPumping = false;
  #isPaused = false;
  /** It has prepared a text that is so large that it is counted. */
  #hasLargeStatement = false;
  /** The present unit was flushed, and has not had its Sync. */
  #isOpen = false;
  /** Where the beginning of a COPY message has gone whose end has not come yet. */
  #partGoesTo: ServerConnection | undefined;
  #leaving: { readonly sinceMs: number; readonly withinMs: number } | undefined;
  /** What the system would not take of the answer, as `tick` saw it last. */
  #stuck: { readonly bytes: number; readonly sinceMs: number } | undefined;
  /** COPY data go to the server; undefined when none are asked for. */
  #copyIn: { readonly isExtended: boolean; isOver: boolean } | undefined;
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
    this.#scanner = new FrameScanner({
      whole,
      wholeBytesMax: unitBytesMax,
      larger: "parts",
      frameBytesMax,
    });
    this.runner = new UnitRunner(home, identity, this, this.#end.signal);
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
    if (this.#isDeaf) return;
    this.#input.enter(bytes);
    try {
      this.#scanner.feed(bytes, this);
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      return this.finish(
        pgError({ severity: "FATAL", code: error.sqlState, message: error.message }),
      );
    } finally {
      this.#input.leave();
    }
    this.#pump();
    this.#account();
    const isFull = this.#queuedBytes + this.#input.bytes > inputHighBytes;
    if (isFull && (this.#isBusy || this.#isOutputFull) && !this.#isPaused) {
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
    if (this.#isDeaf) return;
    if (this.#copyIn && this.#copyMessage(type, bytes.subarray(start, end))) return;
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
    if (this.#isDeaf) return;
    if (type === frontend.copyData) return this.#copyPart(bytes.subarray(start, end));
    if (!gathered.has(type)) throw new WireError(`invalid frontend message type ${type}`);
    this.#gather(bytes, start, end);
    this.#account();
    const isUnit = type === frontend.query || type === frontend.functionCall;
    if (isUnit && this.#scanner.isBetweenFrames) this.#enqueue();
  }

  /** Whatever it says now, it has said goodbye before. */
  get #isDeaf(): boolean {
    return this.#isOver || this.#leaving !== undefined;
  }

  // The runner's side.

  write(bytes: Buffer): void {
    this.#socket.write(bytes);
    if (this.#isOutputFull) this.runner.server?.pause();
  }

  get #isOutputFull(): boolean {
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
    this.#copyIn = { isExtended: this.#isExtended, isOver: false };
    // Sent before the server had asked for it.
    while (this.#copyIn) {
      const next = this.#queue.shift();
      if (next === undefined) return;
      this.#queuedBytes -= next.bytes.length;
      if (next.copy && !next.copy.isWhole) this.#toServer(next.bytes, false);
      else this.#copyMessage(next.copy?.type ?? next.bytes[0] ?? 0, next.bytes);
    }
  }

  flushSent(): void {
    this.#pump();
  }

  unitDone(): void {
    this.#copyIn = undefined;
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
    this.#push({ bytes: this.#input.take(), copy: undefined });
  }

  #push(queued: Queued): void {
    this.#queue.push(queued);
    this.#queuedBytes += queued.bytes.length;
  }

  /**
   * A client wants answers before its Sync. As a rule to prepare: then what it sent is made a unit by a Sync of ours,
   * whose answer it does not see. What it executes is one transaction with what follows, and stays one unit.
   */
  #flush(): void {
    const { executes, bytes } = this.#input;
    if (bytes === 0) return;
    const end = executes || this.#endsOpen() ? flushMessage : flushed;
    this.#input.add(end, 0, end.length);
    this.#enqueue();
  }

  /** What the client sent last was flushed, and goes on. */
  #endsOpen(): boolean {
    const last = this.#queue.findLast(({ copy }) => copy === undefined);
    return last === undefined ? this.#isOpen : isOpenPart(last.bytes);
  }

  /** Not from inside itself: a chunk of answers that are given here would be as deep as it is long. */
  #pump(): void {
    if (this.#isPumping) return;
    this.#isPumping = true;
    this.#takeAll();
    this.#isPumping = false;
  }

  #takeAll(): void {
    while (!this.#isOver && !this.#isOutputFull && this.#canTake) {
      const next = this.#queue.shift();
      if (next === undefined) break;
      this.#queuedBytes -= next.bytes.length;
      // COPY data for a COPY that never began, or ended in an error: PostgreSQL drops them, too.
      if (!next.copy) this.#take(next.bytes);
    }
    if (this.#leaving && !this.#isBusy && this.#queue.length === 0) return this.#close();
    if (this.#isPaused && this.#queuedBytes < inputHighBytes) {
      this.#isPaused = false;
      this.#socket.resume();
    }
  }

  get #canTake(): boolean {
    return !this.#isBusy || (this.#isOpen && this.runner.canGoOn && !this.#queue[0]?.copy);
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
    this.#isFlushed = bytes.at(-1) === flushMark;
    if (this.#isFlushed) bytes[bytes.length - 1] = 4;
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
      if (!(error instanceof WireError)) throw error;
      this.finish(pgError({ severity: "FATAL", code: error.sqlState, message: error.message }));
    }
  }

  /** True when the message belongs to the COPY. */
  #copyMessage(type: number, message: Buffer): boolean {
    const copy = this.#copyIn;
    if (copy === undefined) return false;
    switch (type) {
      case frontend.copyData:
        this.#toServer(message, true);
        return true;
      case frontend.copyDone:
      case frontend.copyFail:
        this.#toServer(message, true);
        // A simple query's COPY ends here; the server's answer to an extended one needs a Sync more.
        copy.isOver = true;
        if (!copy.isExtended) this.#copyIn = undefined;
        return true;
      case frontend.terminate:
        return false;
      case frontend.sync:
        this.#toServer(message, true);
        if (copy.isOver) this.#copyIn = undefined;
        return true;
      case frontend.flush:
        return true;
      default:
        // PostgreSQL says what it thinks of it.
        this.#toServer(message, true);
        return true;
    }
  }

  #copyPart(bytes: Buffer): void {
    const isWhole = this.#scanner.isBetweenFrames;
    const { server } = this.runner;
    // Also after the COPY has failed: what has begun in a server has to end there.
    const goesOn = this.#partGoesTo !== undefined && this.#partGoesTo === server;
    if (!this.#copyIn && !goesOn) {
      return this.#keepCopy(bytes, { type: frontend.copyData, isWhole });
    }
    this.#partGoesTo = isWhole ? undefined : server;
    this.#toServer(bytes, isWhole);
  }

  /** For a COPY whose turn has not come. Of one that is over, the rest is dropped. */
  #keepCopy(bytes: Buffer, copy: NonNullable<Queued["copy"]>): void {
    if (!this.#isBusy && this.#queue.length === 0) return;
    this.#push({ bytes: Buffer.from(bytes), copy });
  }

  #toServer(bytes: Buffer, isWhole: boolean): void {
    const { server } = this.runner;
    if (server === undefined) return;
    server.sendMore(bytes, isWhole);
    if (server.queuedBytes < inputHighBytes || this.#isPaused) return;
    this.#isPaused = true;
    this.#socket.pause();
    server.whenDrained(() => {
      this.#isPaused = false;
      this.#socket.resume();
    });
  }

  #drained(): void {
    if (this.#isOutputFull) return;
    this.runner.server?.resume();
    this.#pump();
  }

  get #largeStatementBytes(): number {
    if (!this.#hasLargeStatement) return 0;
    const large = [...this.runner.state.names.values()].filter(isLarge);
    this.#hasLargeStatement = large.length > 0;
    return large.reduce((sum, { body }) => sum + body.length, 0);
  }

  /** Its share of what the gateway keeps of all clients' units. */
  #account(): void {
    const keptBytes = this.#isOver
      ? 0
      : this.#input.bytes + this.#queuedBytes + this.#runningBytes + this.#largeStatementBytes;
    const wanted = Math.max(0, keptBytes - freeBytes);
    if (wanted === this.#takenBytes) return;
    const { requestBytes } = this.#home;
    const isTaken = requestBytes.change(wanted - this.#takenBytes);
    if (isTaken) this.#takenBytes = wanted;
    else this.finish(tooManyBytes());
  }

  /** The client sends nothing more; what it has sent is done, unless it would have to wait for a writer. */
  #leave(withinMs: number): void {
    if (this.#isOver || this.#leaving) return;
    const isNothingLeft = !this.#isBusy && this.#queue.length === 0;
    if (isNothingLeft || this.#copyIn || this.#isOpen || this.runner.isHeld) return this.#close();
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
    this.#queue.length = 0;
    this.#account();
    this.runner.server?.resume();
    this.#end.abort(new Error("the client has gone"));
    this.#socket.end();
    this.#onClosed();
  }
}
