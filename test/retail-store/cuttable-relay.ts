/** A link between two servers of a test, that can be cut: what is open is reset, what is new is refused. */
import { once } from "node:events";
import { createConnection, createServer, type Server, type Socket } from "node:net";
import type { Address } from "../../src/model/address.ts";

export class CuttableRelay {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #isCut = false;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async open(listen: Address, target: Address): Promise<CuttableRelay> {
    const server = createServer();
    const relay = new CuttableRelay(server);
    server.on("connection", (client) => relay.#join(client, target));
    server.listen(listen.port, listen.host);
    await once(server, "listening");
    return relay;
  }

  cut(): void {
    this.#isCut = true;
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  heal(): void {
    this.#isCut = false;
  }

  async close(): Promise<void> {
    this.cut();
    this.#server.close();
    await once(this.#server, "close");
  }

  #join(client: Socket, target: Address): void {
    client.on("error", () => undefined);
    if (this.#isCut) {
      client.resetAndDestroy();
      return;
    }
    const upstream = createConnection(target);
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      this.#sockets.add(socket);
      socket.setNoDelay(true);
      socket.pipe(other);
      socket.on("error", () => undefined);
      socket.on("close", () => {
        this.#sockets.delete(socket);
        other.destroy();
      });
    }
  }
}
