/** Where clients of a service speak anything: each connection is joined to one to a replica. */
import { connect, createServer, type Server, type Socket } from "node:net";
import { formatAddress, type Address } from "../model/address.ts";
import { describeError, Failure } from "../model/failure.ts";
import { onAbort } from "../std/on-abort.ts";
import type { EdgeParts } from "./edge.ts";
import type { Endpoint } from "./endpoint.ts";
import { isEvidence } from "./evidence.ts";
import type { Live } from "./live-list.ts";
import type { ReplicaSet } from "./replica-set.ts";
import { Tunnel } from "./tunnel.ts";

export class TcpListener {
  readonly #doors: EdgeParts;
  readonly #address: Address;
  readonly #replicas: ReplicaSet;
  readonly #server: Server;
  readonly #clients = new Set<Socket>();

  constructor(doors: EdgeParts, address: Address, replicas: ReplicaSet) {
    this.#doors = doors;
    this.#address = address;
    this.#replicas = replicas;
    const options = { allowHalfOpen: true, pauseOnConnect: true, noDelay: true };
    this.#server = createServer(options, (client) => this.#accept(client));
    this.#server.maxConnections = doors.limits.connectionsMax;
  }

  /**
   * Settles once it listens; when `signal` aborts, every connection is closed at once.
   * @throws Failure `network.address-in-use`, `network.address-unavailable`
   */
  listen(signal: AbortSignal): Promise<void> {
    const server = this.#server;
    return new Promise((resolve, reject) => {
      onAbort(signal, () => {
        server.close();
        for (const client of this.#clients) client.destroy();
        reject(signal.reason as Error);
      });
      server.once("error", (error: NodeJS.ErrnoException) =>
        reject(listenFailure(this.#address, error)),
      );
      server.listen({ ...this.#address }, () => {
        server.removeAllListeners("error").on("error", (error) =>
          this.#doors.log.warn("edge.listener-failed", {
            address: formatAddress(this.#address),
            error: describeError(error),
          }),
        );
        resolve();
      });
    });
  }

  /** Its connections go on: nothing in them says where one may be cut. */
  retire(): void {}

  /** Takes no new connections; settles when the last one has ended, or `signal` aborts. */
  closed(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      onAbort(signal, resolve);
      this.#server.close(() => resolve());
    });
  }

  #accept(client: Socket): void {
    this.#clients.add(client);
    client.on("error", () => client.destroy());
    client.on("close", () => this.#clients.delete(client));
    const endpoint = this.#replicas.pick(undefined);
    if (endpoint === undefined) return void client.resetAndDestroy();
    this.#join(client, endpoint, true);
  }

  #join(client: Socket, endpoint: Endpoint, mayTryAnother: boolean): void {
    const server = connect({ ...endpoint.address, allowHalfOpen: true, noDelay: true });
    const abandon = (because: string): void =>
      void server.destroy(new Failure("network.unreachable", because));
    const waiting: Live = { place: -1, moveOn: abandon, abandon };
    endpoint.enter(waiting);
    const clientGone = (): void => void server.destroy();
    client.once("close", clientGone);
    const failed = (error: Error): void => {
      client.off("close", clientGone);
      endpoint.leave(waiting);
      if (client.destroyed) return;
      endpoint.failed += 1;
      if (isEvidence(error, unsent)) endpoint.lost(describeError(error));
      const next = mayTryAnother ? this.#replicas.pick(endpoint) : undefined;
      if (next === undefined) return void client.resetAndDestroy();
      next.rescued += 1;
      this.#join(client, next, false);
    };
    server.setTimeout(this.#doors.limits.connectMs, () => void server.destroy(late()));
    server.once("error", failed);
    server.once("close", () => endpoint.leave(waiting));
    server.once("connect", () => {
      server.off("error", failed).removeAllListeners("timeout");
      client.off("close", clientGone);
      endpoint.leave(waiting);
      const tunnel = new Tunnel([client, server], this.#doors.limits, () => {
        endpoint.leave(tunnel);
        endpoint.answered();
      });
      endpoint.enter(tunnel);
    });
  }
}

const unsent = { wasSent: false, isFresh: true };

const late = (): Error =>
  Object.assign(new Error("it did not accept the connection in time"), { code: "ETIMEDOUT" });

function listenFailure(address: Address, error: NodeJS.ErrnoException): Failure {
  const text = `could not listen on ${formatAddress(address)}: ${error.code ?? error.message}`;
  const isTaken = error.code === "EADDRINUSE";
  return new Failure(isTaken ? "network.address-in-use" : "network.address-unavailable", text, {
    cause: error,
  });
}
