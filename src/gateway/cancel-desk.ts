/** Asks servers to cancel what they do for us. */
import type { ByteSocket, ByteSockets } from "../env/byte-socket.ts";
import type { Log } from "../env/env.ts";
import type { Address } from "../model/address.ts";
import { describeError } from "../model/failure.ts";
import { encodeCancelRequest } from "../wire/postgres/startup-messages.ts";
import type { ServerConnection } from "./server-connection.ts";

export type CancelDeskDoors = {
  readonly sockets: ByteSockets;
  readonly log: Log;
  /** Of the connection that takes the wish. */
  readonly connectMs: number;
};

export class CancelDesk {
  readonly #doors: CancelDeskDoors;
  readonly #end: AbortSignal;
  /** Each server that is being asked, and whether it is to be asked again after that. */
  readonly #asked = new Map<ServerConnection, "once" | "again">();

  constructor(doors: CancelDeskDoors, end: AbortSignal) {
    this.#doors = doors;
    this.#end = end;
  }

  /** Never rejects. A storm of wishes for one server is one connection at a time. */
  async cancel(server: ServerConnection, at: Address): Promise<void> {
    if (this.#asked.has(server)) {
      this.#asked.set(server, "again");
      return;
    }
    do {
      this.#asked.set(server, "once");
      await this.#ask(server, at);
    } while (this.#asked.get(server) === "again" && server.underWay > 0);
    this.#asked.delete(server);
  }

  async #ask(server: ServerConnection, at: Address): Promise<void> {
    const { key } = server;
    if (!key) return;
    // Or the wish would reach whoever has the server next.
    const release = server.keepFromPool();
    try {
      const { sockets, connectMs } = this.#doors;
      const socket = await sockets.connect(at, connectMs, this.#end);
      const closed = untilClosed(socket);
      socket.write(encodeCancelRequest(key));
      await closed;
    } catch (error) {
      this.#doors.log.debug("gateway.cancel-failed", { error: describeError(error) });
    } finally {
      release();
    }
  }
}

/** PostgreSQL closes the connection without an answer when it has passed the wish on. */
function untilClosed(socket: ByteSocket): Promise<void> {
  return new Promise((resolve) => {
    socket.attach({
      data: () => undefined,
      drained: () => undefined,
      ended: () => socket.end(),
      closed: () => resolve(),
    });
  });
}
