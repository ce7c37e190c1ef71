/** A link for a test: counts what passes towards the client, and can be cut or go silent. */
import { once } from "node:events";
import { createServer, createConnection, type Server, type Socket } from "node:net";
import type { Address } from "../../src/model/address.ts";

export class TcpProxy {
  passedBytes = 0;
  /** Called with the bytes passed so far, to cut at an exact place. */
  onBytes: (passedBytes: number) => void = () => undefined;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #isSilent = false;
  #isCut = false;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async open(listen: Address, target: Address): Promise<TcpProxy> {
    const server = createServer();
    const proxy = new TcpProxy(server);
    server.on("connection", (client) => {
      if (proxy.#isCut) client.on("error", () => undefined).resetAndDestroy();
      else proxy.#join(client, createConnection(target));
    });
    server.listen(listen.port, listen.host);
    await once(server, "listening");
    return proxy;
  }

  /** Resets every connection; later ones are served. */
  cut(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  /** `cut`, and later connections are reset as well until `heal`. */
  cutOff(): void {
    this.#isCut = true;
    this.cut();
  }

  heal(): void {
    this.#isCut = false;
  }

  /** A black hole: connections stay, nothing arrives. */
  silence(): void {
    this.#isSilent = true;
    for (const socket of this.#sockets) socket.pause();
  }

  /** After a silence, what waited arrives. */
  speak(): void {
    this.#isSilent = false;
    for (const socket of this.#sockets) socket.resume();
  }

  async close(): Promise<void> {
    this.cut();
    this.#server.close();
    await once(this.#server, "close");
  }

  #join(client: Socket, upstream: Socket): void {
    upstream.on("data", (bytes) => {
      this.passedBytes += bytes.length;
      if (!client.write(bytes)) upstream.pause();
      this.onBytes(this.passedBytes);
    });
    client.on("drain", () => this.#isSilent || upstream.resume());
    client.on("data", (bytes) => upstream.write(bytes));
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      this.#sockets.add(socket);
      socket.setNoDelay(true);
      socket.on("error", () => undefined);
      socket.on("close", () => {
        this.#sockets.delete(socket);
        other.destroy();
      });
      if (this.#isSilent) socket.pause();
    }
  }
}
