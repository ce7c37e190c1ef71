/**
 * A request's body on its way to an endpoint. As long as it is short, what was read is kept, so that a second endpoint
 * can be sent all of it. It is read as fast as the endpoint takes it.
 */
import type { IncomingMessage } from "node:http";
import { Readable } from "node:stream";
import { clientGone } from "./evidence.ts";
import type { EdgeLimits } from "./limits.ts";

export class RequestBody {
  readonly #request: IncomingMessage;
  readonly #limits: EdgeLimits;
  #invite: (() => void) | undefined;
  #kept: Buffer[] | undefined = [];
  #keptBytes = 0;
  #sink: Readable | undefined;
  #hasBegun = false;
  #hasEnded = false;

  /** @param invite tells a client that waits for leave (100 Continue) to send it; undefined: it does not wait */
  constructor(request: IncomingMessage, limits: EdgeLimits, invite: (() => void) | undefined) {
    this.#request = request;
    this.#limits = limits;
    this.#invite = invite;
  }

  /** All of it that was read can be sent again. */
  get isWhole(): boolean {
    return this.#kept !== undefined;
  }

  /** For one attempt; the stream of an earlier one gets nothing more. */
  open(): Readable {
    const sink = new Readable({ read: () => this.#want(sink) });
    // The attempt is told by its own errors.
    sink.on("error", () => undefined);
    this.#sink = sink;
    for (const piece of this.#kept ?? []) sink.push(piece);
    if (this.#hasEnded) sink.push(null);
    return sink;
  }

  /** The answer has begun: nobody else will be sent this. */
  forget(): void {
    this.#kept = undefined;
  }

  #want(sink: Readable): void {
    if (sink !== this.#sink || this.#hasEnded) return;
    this.#begin();
    this.#request.resume();
  }

  #begin(): void {
    if (this.#hasBegun) return;
    this.#hasBegun = true;
    this.#invite?.();
    this.#invite = undefined;
    const { socket } = this.#request;
    // Its timer ends the connection; the listener gives it the longer one again for the answer.
    socket.setTimeout(this.#limits.uploadIdleMs);
    this.#request
      .on("data", (piece: Buffer) => this.#arrived(piece))
      .on("end", () => {
        socket.setTimeout(this.#limits.downloadIdleMs);
        this.#hasEnded = true;
        this.#sink?.push(null);
      })
      .on("error", () => this.#sink?.destroy(clientGone));
  }

  #arrived(piece: Buffer): void {
    this.#keptBytes += piece.length;
    if (this.#keptBytes > this.#limits.replayBytesMax) this.#kept = undefined;
    this.#kept?.push(piece);
    const sink = this.#sink;
    // After its end nobody wants it, and the listener throws away what comes.
    if (sink === undefined || sink.destroyed) return;
    if (!sink.push(piece)) this.#request.pause();
  }
}
