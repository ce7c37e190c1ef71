import type { Socket } from "node:net";
import type { Address } from "../../model/address.ts";
import { assert } from "../../std/assert.ts";
import type { ByteSocket, ByteSocketEvents, TlsIdentity } from "../byte-socket.ts";
import type { Receiver } from "./shared-read.ts";
import { serverHandshake } from "./tls-server.ts";
import { viewOf, WriteSlab, type SlabPiece } from "./write-slab.ts";

/** 10 s: whoever reads at all has read by then what it is told at the end, also through a slow link. */
const endMsMax = 10_000;
/**
 * 1 s: a connection that is closed while bytes come in is reset, and the other side may lose what it was told last. So
 * they are read and dropped until the other side closes as well, or until this has passed.
 */
const lingerMsMax = 1_000;

const slab = new WriteSlab();

/** @param read where it reads past the streams; undefined takes `data` events */
export type SocketMaking = {
  readonly read: { receiver: Receiver | undefined } | undefined;
  /** Undefined without TLS. */
  readonly secure: { readonly channelBinding: Buffer | undefined } | undefined;
};

/** What lies beneath a socket: libuv's own count of what it could not write yet. */
type Handled = { readonly _handle?: { readonly writeQueueSize?: number } | null };

/** A connected `node:net` or `node:tls` socket, paused and with `allowHalfOpen`, behind the door. */
export class NodeByteSocket implements ByteSocket, Receiver {
  readonly remote: Address;
  readonly isSecure: boolean;
  readonly channelBinding: Buffer | undefined;
  readonly #socket: Socket;
  #events: ByteSocketEvents | undefined;
  #phase: "new" | "open" | "ending" | "destroyed" | "secured" = "new";
  #error: Error | undefined;
  #isClosed = false;
  #isTold = false;
  #corks = 0;
  /** Placed in the slab, to leave as one. */
  #corked: SlabPiece | undefined;
  /** What goes before it, where it could not be put behind that. */
  #corkedBefore: SlabPiece[] | undefined;
  #bound: NodeJS.Timeout | undefined;

  constructor(socket: Socket, { read, secure }: SocketMaking) {
    this.#socket = socket;
    this.remote = { host: socket.remoteAddress ?? "unknown", port: socket.remotePort ?? 0 };
    this.isSecure = secure !== undefined;
    this.channelBinding = secure?.channelBinding;
    socket.pause();
    if (read) read.receiver = this;
    else socket.on("data", (bytes: Buffer) => this.receive(bytes));
    socket.on("drain", () => this.#listener()?.drained());
    socket.on("end", () => this.#listener()?.ended());
    socket.on("error", (error) => this.#fail(error));
    socket.on("close", () => this.#close());
  }

  get queuedBytes(): number {
    const corked = this.#corked;
    const bytes = this.#socket.writableLength;
    if (corked === undefined) return bytes;
    const before = this.#corkedBefore?.reduce((sum, piece) => sum + lengthOf(piece), 0) ?? 0;
    return bytes + before + lengthOf(corked);
  }

  get unsentBytes(): number {
    // Node itself judges by this whether a socket that writes is alive.
    const { _handle: handle } = this.#socket as unknown as Handled;
    return handle?.writeQueueSize ?? this.#socket.writableLength;
  }

  attach(events: ByteSocketEvents): void {
    this.#events = events;
    if (this.#isClosed) return queueMicrotask(() => this.#tellClosed());
    if (this.#phase !== "new") return;
    this.#phase = "open";
    this.#socket.resume();
  }

  /** For whoever reads on its behalf. */
  receive(bytes: Buffer): void {
    this.#listener()?.data(bytes);
  }

  write(bytes: Buffer): void {
    if (this.#hasEnded() || bytes.length === 0) return;
    if (this.#corks > 0) return this.#putTogether(bytes);
    if (this.#isDirect()) this.#send(slab.place(bytes));
    else this.#socket.write(Buffer.from(bytes));
  }

  cork(): void {
    this.#corks += 1;
  }

  uncork(): void {
    assert(this.#corks > 0, "a socket is uncorked once for each cork");
    this.#corks -= 1;
    if (this.#corks === 0) this.#flush();
  }

  pause(): void {
    if (!this.#hasEnded()) this.#socket.pause();
  }

  resume(): void {
    if (!this.#hasEnded()) this.#socket.resume();
  }

  end(): void {
    if (this.#hasEnded()) return;
    this.#flush();
    this.#phase = "ending";
    const socket = this.#socket;
    this.#closeWithin(endMsMax);
    socket.end(() => this.#closeWithin(lingerMsMax));
    socket.resume();
  }

  destroy(): void {
    if (this.#phase === "secured" || this.#phase === "destroyed") return;
    this.#phase = "destroyed";
    this.#drop();
    this.#socket.destroy();
  }

  async secureAsServer(
    identity: TlsIdentity,
    rest: Buffer,
    signal: AbortSignal,
  ): Promise<ByteSocket> {
    assert(!this.isSecure, "a connection is secured once");
    this.#flush();
    this.#phase = "secured";
    const socket = this.#socket.pause();
    socket.removeAllListeners("data");
    const { secured, channelBinding } = await serverHandshake(
      socket,
      { identity, rest: Buffer.from(rest) },
      signal,
    );
    return new NodeByteSocket(secured, { read: undefined, secure: { channelBinding } });
  }

  /** Who is told what goes on. At the end nobody is, until it is closed. */
  #listener(): ByteSocketEvents | undefined {
    return this.#phase === "open" ? this.#events : undefined;
  }

  #hasEnded(): boolean {
    return this.#phase !== "open" && this.#phase !== "new";
  }

  /** Nothing waits here, and what is written now most probably leaves within the call. TLS first turns it into its own. */
  #isDirect(): boolean {
    return !this.isSecure && this.#socket.writableLength === 0;
  }

  /** Its memory is free afterwards, or the system's until it has left. */
  #send(placed: SlabPiece): void {
    this.#socket.write(viewOf(placed));
    if (this.#socket.writableLength === 0) slab.release(placed);
    else slab.leave(placed);
  }

  #putTogether(bytes: Buffer): void {
    const last = this.#corked;
    if (last !== undefined && slab.extend(last, bytes)) return;
    if (last !== undefined) (this.#corkedBefore ??= []).push(last);
    this.#corked = slab.place(bytes);
  }

  #flush(): void {
    const last = this.#corked;
    if (last === undefined) return;
    const before = this.#corkedBefore;
    this.#corked = undefined;
    this.#corkedBefore = undefined;
    if (before === undefined && this.#isDirect()) return this.#send(last);
    this.#socket.cork();
    for (const piece of [...(before ?? []), last]) {
      this.#socket.write(Buffer.from(viewOf(piece)));
      slab.release(piece);
    }
    this.#socket.uncork();
  }

  /** What happens after an end of ours concerns nobody. */
  #fail(error: Error): void {
    if (!this.#hasEnded()) this.#error = error;
  }

  #drop(): void {
    if (this.#corked) slab.release(this.#corked);
    for (const piece of this.#corkedBefore?.toReversed() ?? []) slab.release(piece);
    this.#corked = this.#corkedBefore = undefined;
  }

  #closeWithin(ms: number): void {
    clearTimeout(this.#bound);
    if (!this.#isClosed) this.#bound = setTimeout(() => this.#socket.destroy(), ms);
  }

  #close(): void {
    clearTimeout(this.#bound);
    this.#drop();
    this.#isClosed = true;
    if (!this.#hasEnded()) this.#phase = "destroyed";
    this.#tellClosed();
  }

  /** Before somebody is attached there is nobody to tell; then `attach` does it. */
  #tellClosed(): void {
    if (this.#isTold || this.#events === undefined || this.#phase === "secured") return;
    this.#isTold = true;
    this.#events.closed(this.#error);
  }
}

function lengthOf({ start, end }: SlabPiece): number {
  return end - start;
}
