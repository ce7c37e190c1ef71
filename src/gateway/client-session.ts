/** A client that has logged in: its bytes in, gathered into units that are run one after the other; its answers out. */
import type { ByteSocket } from "../env/byte-socket.ts";
import { encodeError, pgError, type PgError } from "../wire/postgres/error-response.ts";
import { FrameScanner, type FrameHandler } from "../wire/postgres/frame-scanner.ts";
import { frontend } from "../wire/postgres/message-types.ts";
import { WireError } from "../wire/postgres/wire-error.ts";
import { encodeReady } from "./local-answer.ts";
import type { SessionHome, SessionIdentity } from "./session-home.ts";
import type { Status } from "./session-transaction.ts";
import { UnitInput } from "./unit-input.ts";
import { UnitRunner, type SessionOutput } from "./unit-runner.ts";
import { readUnit } from "./unit.ts";

/** 256 KiB that the client has not taken: its server is not read meanwhile. */
const outputHighBytes = 262_144;
/** 1 MiB of units that wait for their turn: the client is not read meanwhile. */
const inputHighBytes = 1_048_576;

/** A Sync, whole. */
const syncBytes = 5;
/** In place of the last byte of a Sync that is ours: its length is 4, and the client's own says so. */
const flushMark = 5;
const flushed = Buffer.from([frontend.sync, 0, 0, 0, flushMark]);

const whole = new Set<number>(Object.values(frontend).filter((type) => type !== frontend.copyData));

export class ClientSession implements FrameHandler, SessionOutput {
  readonly runner: UnitRunner;
  readonly #socket: ByteSocket;
  readonly #home: SessionHome;
  readonly #scanner: FrameScanner;
  readonly #input = new UnitInput();
  readonly #end = new AbortController();
  readonly #onClosed: () => void;
  /** Whole units whose turn has not come. */
  readonly #units: Buffer[] = [];
  #queuedBytes = 0;
  #isBusy = false;
  #isPaused = false;
  #isServerPaused = false;
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
      larger: "refuse",
      frameBytesMax,
    });
    this.runner = new UnitRunner(home, identity, this, this.#end.signal);
  }

  start(rest: Buffer): void {
    this.#socket.attach({
      data: (bytes) => this.#data(bytes),
      drained: () => this.#drained(),
      ended: () => this.#close(),
      closed: () => this.#close(),
    });
    if (rest.length > 0) this.#data(rest);
  }

  get queuedBytes(): number {
    return this.#socket.queuedBytes;
  }

  #data(bytes: Buffer): void {
    if (this.#isOver) return;
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
    const isFull = this.#queuedBytes + this.#input.bytes > inputHighBytes;
    if (isFull && this.#isBusy && !this.#isPaused) {
      this.#isPaused = true;
      this.#socket.pause();
    }
  }

  message(type: number, bytes: Buffer, start: number, end: number): void {
    if (this.#copyIn && this.#copyMessage(type, bytes.subarray(start, end))) return;
    switch (type) {
      case frontend.query:
      case frontend.sync:
      case frontend.functionCall:
        this.#input.add(bytes, start, end);
        return this.#queue();
      case frontend.parse:
      case frontend.bind:
      case frontend.describe:
      case frontend.execute:
      case frontend.close:
        if (this.#input.bytes + end - start > this.#home.limits.unitBytesMax) {
          throw new WireError(
            `more than ${this.#home.limits.unitBytesMax} bytes without a Sync`,
            "54000",
          );
        }
        return this.#input.add(bytes, start, end);
      case frontend.flush:
        return this.#flush();
      case frontend.terminate:
        return this.#close();
      case frontend.copyDone:
      case frontend.copyFail:
        // Of a COPY that ended in an error before the client knew.
        return;
      default:
        throw new WireError(`invalid frontend message type ${type}`);
    }
  }

  part(type: number, bytes: Buffer, start: number, end: number): void {
    if (type !== frontend.copyData) throw new WireError(`invalid frontend message type ${type}`);
    if (this.#copyIn) this.#toServer(bytes.subarray(start, end));
  }

  // The runner's side.

  write(bytes: Buffer): void {
    this.#socket.write(bytes);
    if (this.#socket.queuedBytes < outputHighBytes || this.#isServerPaused) return;
    this.#isServerPaused = true;
    this.runner.server?.pause();
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
  }

  unitDone(): void {
    this.#copyIn = undefined;
    this.#isBusy = false;
    this.#pump();
  }

  finish(error: PgError | undefined): void {
    if (this.#isOver) return;
    if (error) this.#socket.write(encodeError(error));
    this.#socket.end();
    this.#close();
  }

  // Units.

  #queue(): void {
    const unit = this.#input.take();
    this.#units.push(unit);
    this.#queuedBytes += unit.length;
  }

  /**
   * A client wants answers before its Sync: to prepare, as a rule. What it sent is made a unit by a Sync of ours, whose
   * answer it does not see.
   */
  #flush(): void {
    if (this.#input.bytes === 0) return;
    this.#input.add(flushed, 0, flushed.length);
    this.#queue();
  }

  #pump(): void {
    while (!this.#isBusy && !this.#isOver) {
      const bytes = this.#units.shift();
      if (bytes === undefined) break;
      this.#queuedBytes -= bytes.length;
      this.#isBusy = true;
      this.#isExtended = bytes[0] !== frontend.query;
      this.#take(bytes);
    }
    if (this.#isPaused && this.#queuedBytes < inputHighBytes) {
      this.#isPaused = false;
      this.#socket.resume();
    }
  }

  #take(bytes: Buffer): void {
    this.#isFlushed = bytes.at(-1) === flushMark;
    if (this.#isFlushed) bytes[bytes.length - 1] = 4;
    if (!this.#isSkipping) return this.#run(bytes);
    if (this.#isFlushed) return this.unitDone();
    this.#isSkipping = false;
    this.#run(bytes.subarray(bytes.length - syncBytes));
  }

  #run(bytes: Buffer): void {
    const { registry, limits } = this.#home;
    try {
      this.runner.run(readUnit(bytes, this.runner.state.names, registry, limits));
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
      case frontend.copyDone:
      case frontend.copyFail:
        this.#toServer(message);
        // A simple query's COPY ends here; the server's answer to an extended one needs a Sync more.
        copy.isOver = true;
        if (!copy.isExtended) this.#copyIn = undefined;
        return true;
      case frontend.sync:
        this.#toServer(message);
        if (copy.isOver) this.#copyIn = undefined;
        return true;
      case frontend.flush:
        return true;
      default:
        return false;
    }
  }

  #toServer(bytes: Buffer): void {
    const { server } = this.runner;
    if (server === undefined) return;
    server.sendMore(bytes);
    if (server.queuedBytes < inputHighBytes || this.#isPaused) return;
    this.#isPaused = true;
    this.#socket.pause();
    server.whenDrained(() => {
      this.#isPaused = false;
      this.#socket.resume();
    });
  }

  #drained(): void {
    if (!this.#isServerPaused) return;
    this.#isServerPaused = false;
    this.runner.server?.resume();
  }

  #close(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#units.length = 0;
    this.runner.server?.resume();
    this.#end.abort(new Error("the client has gone"));
    this.#socket.end();
    this.#onClosed();
  }
}
