/**
 * Requests and answers over HTTP/1.1 with connections that are kept. Node's own client, because a request that
 * is given up takes exactly its own connection with it, also while that is still being made, and no other
 * request ever waits behind it.
 */
import { Agent, request as httpRequest, type IncomingMessage } from "node:http";
import { formatAddress, type Address } from "../../model/address.ts";
import { describeError, Failure } from "../../model/failure.ts";
import { withDeadline } from "../deadline.ts";
import type { Clock, Handler, Json, Network, RequestOptions } from "../env.ts";
import { decodeMessage, encodeMessage, failureFromWire } from "../message.ts";
import { listen, readText } from "./http-server.ts";

export type NetworkDoors = {
  readonly clock: Clock;
  /** Told of an error of a handler that is no Failure. The peer has got `network.peer-failed`. */
  readonly onBug: (error: unknown) => void;
};

/** Requests under way to all peers together. Beyond it something asks without waiting for answers. */
const requestsMax = 512;
/** Idle connections kept for each peer: a long poll, a report, a command, and one to spare. */
const idleConnectionsMax = 4;
/** An idle connection is given up before the server does so (65 s). */
const idleMsMax = 30_000;

export class NodeNetwork implements Network {
  readonly #doors: NetworkDoors;
  readonly #agent = new Agent({
    keepAlive: true,
    maxFreeSockets: idleConnectionsMax,
    // Of a connection that is idle; one that waits for an answer has the request's own deadline.
    timeout: idleMsMax,
  });
  #requests = 0;
  #isClosed = false;

  constructor(doors: NetworkDoors) {
    this.#doors = doors;
  }

  serve(
    address: Address,
    authenticate: (token: string) => string | undefined,
    handler: Handler,
    signal: AbortSignal,
  ): Promise<void> {
    const { onBug } = this.#doors;
    return listen(address, { authenticate, handler, onBug }, signal);
  }

  async request(
    to: Address,
    message: Json,
    options: RequestOptions,
    signal: AbortSignal,
  ): Promise<Json> {
    signal.throwIfAborted();
    if (this.#isClosed) throw unreachable(to, "this program's network is closed");
    if (this.#requests >= requestsMax)
      throw unreachable(to, `${requestsMax} requests are under way already`);
    const text = encodeMessage(message);
    const expired = (): Failure => unreachable(to, `no answer came in ${options.timeoutMs} ms`);
    const deadline = { ms: options.timeoutMs, expired };
    this.#requests += 1;
    try {
      return await withDeadline(this.#doors.clock, deadline, signal, (limited) =>
        this.#exchange(to, text, options.token, limited),
      );
    } finally {
      this.#requests -= 1;
    }
  }

  /** Gives up what is under way and closes every connection to other programs. Servers end with their signals. */
  close(): void {
    this.#isClosed = true;
    this.#agent.destroy();
  }

  async #exchange(to: Address, text: string, token: string, signal: AbortSignal): Promise<Json> {
    let status: number;
    let answer: string;
    try {
      const response = await this.#post(to, text, token, signal);
      status = response.statusCode ?? 0;
      answer = await readText(response);
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof Failure) throw error;
      throw unreachable(to, describeError(error), error);
    }
    if (status !== 200) throw failureFromWire(decodeMessage(answer), formatAddress(to));
    return decodeMessage(answer);
  }

  #post(to: Address, text: string, token: string, signal: AbortSignal): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const body = Buffer.from(text);
      const headers = {
        authorization: `Bearer ${token}`,
        "content-type": "application/json",
        "content-length": body.length,
      };
      const { host, port } = to;
      const agent = this.#agent;
      httpRequest({ host, port, method: "POST", path: "/", headers, agent, signal })
        .on("response", resolve)
        .on("error", reject)
        .end(body);
    });
  }
}

function unreachable(to: Address, why: string, cause?: unknown): Failure {
  return new Failure("network.unreachable", `asked ${formatAddress(to)}: ${why}`, { cause });
}
