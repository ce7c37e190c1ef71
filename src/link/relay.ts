/**
 * One connection across a link: two sockets and a flow each way.
 *
 *   client            link              target
 *     │ accepted        │                  │        The kernel accepts before anything has crossed, so the
 *     ├──────── syn ───▶┼────── connect ──▶│        handshake is played by marks: the client's first bytes
 *     │                 │◀───── connected ─┤        leave when the answer is back, a round trip later, and
 *     │◀─────────────── ┼──── syn-ack ─────┤        the target's when it has heard of that. A client that
 *     ├─── ack, bytes ─▶┼──── bytes ──────▶│        waits for an answer waits as long as over a real line.
 *     │◀─────────────── ┼──── bytes ───────┤
 *     ├─── fin | rst ──▶┼─── end | reset ─▶│        and the same the other way
 *
 * While the link is down a new connection is accepted and stays silent: a listener cannot ask the kernel to
 * leave a SYN unanswered, and both look alike to a client that waits for an answer. The target hears nothing.
 */
import { connect, type Socket } from "node:net";
import type { Log } from "../env/env.ts";
import type { LinkRoute } from "../model/link.ts";
import { formatAddress } from "../model/address.ts";
import { unreachable } from "../std/assert.ts";
import type { Direction, DirectionDoors } from "./direction.ts";
import { Flow, type FlowEnds } from "./flow.ts";
import type { Parcel } from "./parcel.ts";

// 1 s, the time after which Linux sends a SYN again: a client that ends before, and before a round trip is
// over, ended its half early and waits for an answer; a client that ends later has given up.
const handshakePatienceMs = 1000;

export type RelayDoors = DirectionDoors & { readonly log: Log };

export type RelayPath = {
  readonly route: LinkRoute;
  readonly there: Direction;
  readonly back: Direction;
};

export class Relay {
  readonly #path: RelayPath;
  readonly #doors: RelayDoors;
  readonly #client: Socket;
  readonly #acceptedAtMs: number;
  readonly #forward: Flow;
  readonly #backward: Flow;
  readonly #onClosed: () => void;
  #target: Socket | undefined;
  #isEstablished = false;
  #isClosed = false;

  /** Takes over `client`, which must not have been read. `onClosed` is called once, when nothing is left of the connection. */
  constructor(client: Socket, path: RelayPath, doors: RelayDoors, onClosed: () => void) {
    const { route, there, back } = path;
    this.#client = client;
    this.#path = path;
    this.#doors = doors;
    this.#onClosed = onClosed;
    this.#acceptedAtMs = doors.clock.monotonicMs();
    this.#forward = new Flow({ direction: there, back }, route.flowClass, this.#forwardEnds());
    this.#backward = new Flow(
      { direction: back, back: there },
      route.flowClass,
      this.#backwardEnds(),
    );
    this.#watch(client, this.#forward, this.#backward);
    client.on("end", () => this.#clientEnded());
    this.#forward.mark({ kind: "syn" });
  }

  get isEstablished(): boolean {
    return this.#isEstablished;
  }

  /** RST to both ends, now. */
  reset(): void {
    breakOff(this.#client);
    if (this.#target) breakOff(this.#target);
    this.#close();
  }

  #forwardEnds(): FlowEnds {
    return {
      setReading: (isReading) => setReading(this.#client, isReading),
      deliver: (parcel) => this.#arriveAtTarget(parcel),
      sinkBytes: () => this.#target?.writableLength ?? 0,
      conditionsChanged: () => this.#review(),
    };
  }

  #backwardEnds(): FlowEnds {
    return {
      setReading: (isReading) => setReading(this.#target, isReading),
      deliver: (parcel) => this.#arriveAtClient(parcel),
      sinkBytes: () => this.#client.writableLength,
      conditionsChanged: () => this.#review(),
    };
  }

  #review(): void {
    this.#forward.review();
    this.#backward.review();
  }

  #arriveAtTarget(parcel: Parcel): void {
    switch (parcel.kind) {
      case "syn":
        return this.#connect();
      case "ack":
        return this.#backward.open();
      case "bytes":
      case "fin":
      case "rst":
        return put(this.#target, parcel);
      case "syn-ack":
        return;
      default:
        unreachable(parcel);
    }
  }

  #arriveAtClient(parcel: Parcel): void {
    switch (parcel.kind) {
      case "syn-ack":
        this.#isEstablished = true;
        this.#forward.mark({ kind: "ack" });
        return this.#forward.open();
      case "bytes":
      case "fin":
      case "rst":
        return put(this.#client, parcel);
      case "syn":
      case "ack":
        return;
      default:
        unreachable(parcel);
    }
  }

  #connect(): void {
    const { target: to, sourceHost } = this.#path.route;
    const target = connect({
      ...to,
      ...(sourceHost === undefined ? {} : { localAddress: sourceHost }),
      allowHalfOpen: true,
      noDelay: true,
    });
    this.#target = target;
    this.#watch(target, this.#backward, this.#forward);
    target.once("connect", () => this.#backward.mark({ kind: "syn-ack" }));
    target.on("end", () => this.#backward.send({ kind: "fin" }));
  }

  /** Bytes and failures of `socket` go into `flow`; its draining makes room in `opposite`, which ends in it. */
  #watch(socket: Socket, flow: Flow, opposite: Flow): void {
    socket.on("data", (bytes: Buffer) => flow.send({ kind: "bytes", bytes }));
    socket.on("drain", () => opposite.review());
    socket.on("error", (error: NodeJS.ErrnoException) => this.#failed(socket, flow, error));
    socket.on("close", () => this.#socketClosed());
  }

  #clientEnded(): void {
    const { there, back } = this.#path;
    const roundTripMs = there.conditions.delayMs + back.conditions.delayMs;
    const waitedMs = this.#doors.clock.monotonicMs() - this.#acceptedAtMs;
    if (!this.#isEstablished && waitedMs > handshakePatienceMs + roundTripMs) return this.reset();
    this.#forward.send({ kind: "fin" });
  }

  #failed(socket: Socket, flow: Flow, error: NodeJS.ErrnoException): void {
    // A client that breaks off before its connection stands leaves nothing behind, at neither end.
    if (socket === this.#client && !this.#isEstablished) return this.reset();
    const isOwnFault = socket === this.#target && !usualErrors.has(error.code ?? "");
    if (isOwnFault && !this.#isClosed) {
      const { route } = this.#path;
      this.#doors.log.warn("link.connection-failed", {
        from: route.from,
        to: route.to,
        target: formatAddress(route.target),
        sourceHost: route.sourceHost ?? null,
        because: error.message,
      });
    }
    flow.reset();
  }

  #socketClosed(): void {
    if (this.#client.closed && (this.#target?.closed ?? true)) this.#close();
  }

  #close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#forward.close();
    this.#backward.close();
    this.#onClosed();
  }
}

/** How connections end every day: nobody listens, or the other end is gone. */
const usualErrors: ReadonlySet<string> = new Set(["ECONNREFUSED", "ECONNRESET", "EPIPE"]);

function setReading(socket: Socket | undefined, isReading: boolean): void {
  if (isReading) socket?.resume();
  else socket?.pause();
}

function put(sink: Socket | undefined, parcel: Parcel): void {
  // A sink that is gone told the other side by itself; what comes late is for nobody.
  if (!sink || sink.destroyed) return;
  if (parcel.kind === "bytes") sink.write(parcel.bytes);
  else if (parcel.kind === "fin") sink.end();
  else breakOff(sink);
}

function breakOff(socket: Socket): void {
  const isShuttingDown =
    socket.writableEnded && !socket.writableFinished && socket.writableLength === 0;
  // Before it stands there is nothing to reset, and Node would wait for it to stand.
  if (socket.connecting) socket.destroy();
  // libuv refuses to reset a socket within its shutdown, and Node would then leak it. It takes one turn of the loop.
  else if (isShuttingDown) socket.once("finish", () => breakOff(socket));
  else if (!socket.destroyed) socket.resetAndDestroy();
}
