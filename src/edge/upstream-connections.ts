/**
 * Connections to one endpoint: each carries one request at a time, and the one that rested least is taken first, so that
 * those that are not needed become old and close.
 */
import { Client } from "undici";
import { formatAddress, type Address } from "../model/address.ts";
import type { EdgeLimits } from "./limits.ts";

/** One connection, now and after it was opened anew. */
export type UpstreamConnection = {
  readonly client: Client;
  /**
   * Nothing was answered on it yet. A used one may have been closed by the other side in the moment of our request,
   * which says nothing about its health.
   */
  isFresh: boolean;
};

export type UpstreamOptions = {
  readonly limits: EdgeLimits;
  /** From where we connect; undefined: as the system likes. */
  readonly from: string | undefined;
};

export class UpstreamConnections {
  readonly #origin: string;
  readonly #options: Client.Options;
  readonly #most: number;
  readonly #idle: UpstreamConnection[] = [];
  #lent = 0;
  #isClosed = false;

  constructor(address: Address, { limits, from }: UpstreamOptions) {
    this.#origin = `http://${formatAddress(address)}`;
    this.#most = limits.upstreamConnectionsMax;
    this.#options = {
      pipelining: 1,
      connectTimeout: limits.connectMs,
      headersTimeout: limits.answerMs,
      bodyTimeout: limits.downloadIdleMs,
      keepAliveTimeout: limits.upstreamIdleMs,
      keepAliveMaxTimeout: limits.keepAliveMs,
      maxHeaderSize: limits.headerBytesMax,
      ...(from === undefined ? {} : { localAddress: from }),
    };
  }

  /** Undefined: there are as many as may be. It need not be open yet. */
  take(): UpstreamConnection | undefined {
    const idle = this.#idle.pop();
    if (idle === undefined && this.#lent >= this.#most) return undefined;
    this.#lent += 1;
    return idle ?? this.#open();
  }

  /** Its request is over, however it ended. */
  giveBack(connection: UpstreamConnection): void {
    this.#lent -= 1;
    if (this.#isClosed) void connection.client.close();
    else this.#idle.push(connection);
  }

  /** Those that carry nothing; the others go on. */
  closeIdle(): void {
    for (const { client } of this.#idle.splice(0)) void client.close();
  }

  /** Nobody asks for one any more; each closes when its request is over. */
  close(): void {
    this.#isClosed = true;
    this.closeIdle();
  }

  #open(): UpstreamConnection {
    const client = new Client(this.#origin, this.#options);
    const connection: UpstreamConnection = { client, isFresh: true };
    client.on("connect", () => void (connection.isFresh = true));
    return connection;
  }
}
