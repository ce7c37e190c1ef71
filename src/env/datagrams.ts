/** The door to UDP: packets that may get lost, come twice, or come in another order. */
import type { Address } from "../model/address.ts";

export type DatagramEvents = {
  /** One packet, and who sent it; anybody can pretend to be somebody else. `bytes` is the listener's to keep. */
  received(bytes: Buffer, from: Address): void;
  /** A packet could not be sent, or the system says that nobody listens over there. The socket goes on. */
  failed(error: Error): void;
};

/** 1 MiB: what waits to leave one socket, in bytes. Beyond it packets are dropped, as a network would drop them. */
export const unsentBytesMax = 1_048_576;

export interface DatagramSocket {
  /** Where it is, with the port that the system has given where 0 was asked for. */
  readonly local: Address;
  /** Never blocks and never throws. `bytes` belongs to the socket from now on. */
  send(bytes: Buffer, to: Address): void;
}

export interface DatagramLine {
  /** To the one at the other end; never blocks and never throws. `bytes` belongs to the line from now on. */
  send(bytes: Buffer): void;
}

export interface Datagrams {
  /**
   * Receives what anybody sends to `address`, until `signal` aborts; settles once it can be sent to.
   * @throws Failure `network.address-in-use`, `network.address-unavailable`
   */
  bind(address: Address, events: DatagramEvents, signal: AbortSignal): Promise<DatagramSocket>;
  /**
   * Speaks with `to` alone until `signal` aborts, from a port that the system draws; packets of others are dropped
   * before they are seen. Settles at once: whether anybody listens is not known before something was sent.
   * @throws Failure `network.unreachable` where no road leads
   */
  connect(to: Address, events: DatagramEvents, signal: AbortSignal): Promise<DatagramLine>;
}
