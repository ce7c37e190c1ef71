/**
 * The door to streams of bytes, for whoever forwards many of them: no stream machinery, one buffer that all sockets
 * read into, and one that all writes leave from.
 */
import type { Address } from "../model/address.ts";

export type ByteSocketEvents = {
  /**
   * What has arrived. The view is good during the call alone: copy what is kept. `write` of another socket takes what
   * it is given with it, so writing it on is not keeping.
   */
  data(bytes: Buffer): void;
  /** `queuedBytes` is 0 again after a write made it `highWaterBytes` or more. May come without need. */
  drained(): void;
  /** The other side will send nothing more, and may still listen. */
  ended(): void;
  /** Once, last, also after `end` and `destroy`, and never within a call of this door. Undefined: in order. */
  closed(error: Error | undefined): void;
};

/** 64 KiB: what one read brings. A queue below it empties within moments, and nobody is told. */
export const highWaterBytes = 64 * 1024;

export interface ByteSocket {
  readonly remote: Address;
  readonly isSecure: boolean;
  /** What was written and has not left yet, in bytes. Its bound is the caller's: stop what feeds this socket. */
  readonly queuedBytes: number;
  /** Of these, what the system would not take at the last try: while it does not change, the other side takes nothing. */
  readonly unsentBytes: number;
  /** Events go to `events` from now on; before the first call nothing is read. */
  attach(events: ByteSocketEvents): void;
  /** Never blocks; look at `queuedBytes` for back-pressure. A no-op after an end. `bytes` is the caller's again at once. */
  write(bytes: Buffer): void;
  /** Between the two, writes are put together and leave as one. Pairs may be nested. */
  cork(): void;
  uncork(): void;
  /** `data` and `ended` wait until `resume`. */
  pause(): void;
  resume(): void;
  /** Closes when what was written has left, within bounds; no event but `closed` comes any more. */
  end(): void;
  /** Closes at once; no event but `closed` comes any more. */
  destroy(): void;
  /**
   * This very connection goes on in TLS 1.2 or newer, as its server; `rest` arrived already and belongs to the
   * handshake. Resolves with the secure socket, which has no events yet; this one is used no more and tells nothing.
   * Where `rest` is not empty, the client speaks TLS from its first byte on, and has to ask for the protocol
   * `postgresql` as PostgreSQL demands then. What is not TLS at all ends with the connection closed.
   * @throws Failure `network.handshake-failed`; the reason of `signal`
   */
  secureAsServer(identity: TlsIdentity, rest: Buffer, signal: AbortSignal): Promise<ByteSocket>;
  /**
   * RFC 5929 `tls-server-end-point` of the certificate that this secure socket presents; undefined without TLS, and
   * for a certificate whose signature names no hash, for example Ed25519: no channel can be bound to it.
   */
  readonly channelBinding: Buffer | undefined;
}

/** PEM. Keep one object for one certificate: what follows from it is kept with it. */
export type TlsIdentity = { readonly certificate: string; readonly privateKey: string };

export interface ByteSockets {
  /**
   * Listens until `signal` aborts; settles once it listens. Connections outlive the listener. `TCP_NODELAY` is set on
   * every socket.
   * @throws Failure `network.address-in-use`, `network.address-unavailable`
   */
  listen(
    address: Address,
    accept: (socket: ByteSocket) => void,
    signal: AbortSignal,
  ): Promise<void>;
  /** Settles when connected. @throws Failure `network.unreachable` */
  connect(address: Address, timeoutMs: number, signal: AbortSignal): Promise<ByteSocket>;
}
