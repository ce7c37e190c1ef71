/** Streams of bytes over TCP: read past Node's streams where that can be, written through them. */
import { connect, createServer, type Server } from "node:net";
import { formatAddress, type Address } from "../../model/address.ts";
import { describeError, Failure } from "../../model/failure.ts";
import { onAbort } from "../../std/on-abort.ts";
import { highWaterBytes, type ByteSocket, type ByteSockets } from "../byte-socket.ts";
import { withDeadline } from "../deadline.ts";
import type { Clock } from "../env.ts";
import { NodeByteSocket } from "./node-byte-socket.ts";
import { adoptAccepted, readInto, socketOptions, type Receiver } from "./shared-read.ts";

export type ByteSocketDoors = {
  readonly clock: Clock;
  /** Told why a connection could not be accepted, for example because no file descriptor was left. Listening goes on. */
  readonly onAcceptError: (error: Error) => void;
};

/** Connections that the system completes before they are accepted: a fleet of clients comes back within a moment. */
const backlog = 4_096;
/** 30 s: a peer that is silent for longer is asked whether it is there. */
const keepAliveInitialDelay = 30_000;

const common = {
  ...socketOptions,
  noDelay: true,
  keepAlive: true,
  keepAliveInitialDelay,
} as const;

type Hook = { receiver: Receiver | undefined };

export class NodeByteSockets implements ByteSockets {
  readonly #doors: ByteSocketDoors;

  constructor(doors: ByteSocketDoors) {
    this.#doors = doors;
  }

  listen(
    address: Address,
    accept: (socket: ByteSocket) => void,
    signal: AbortSignal,
  ): Promise<void> {
    signal.throwIfAborted();
    const server = createServer(
      { ...common, highWaterMark: highWaterBytes, pauseOnConnect: true },
      (accepted) => {
        const hook: Hook = { receiver: undefined };
        const adopted = adoptAccepted(accepted, hook);
        const read = adopted === undefined ? undefined : hook;
        accept(new NodeByteSocket(adopted ?? accepted, { read, secure: undefined }));
      },
    );
    return this.#listenUntilAborted(server, address, signal);
  }

  async connect(address: Address, timeoutMs: number, signal: AbortSignal): Promise<ByteSocket> {
    const late = (): Failure => unreachable(address, `no answer came in ${timeoutMs} ms`);
    const deadline = { ms: timeoutMs, expired: late };
    return withDeadline(this.#doors.clock, deadline, signal, (limited) => open(address, limited));
  }

  #listenUntilAborted(server: Server, address: Address, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const forget = onAbort(signal, () => {
        server.close();
        reject(signal.reason as Error);
      });
      server.once("error", (error: NodeJS.ErrnoException) => {
        forget();
        reject(listenFailure(address, error));
      });
      server.listen({ ...address, backlog }, () => {
        server.removeAllListeners("error").on("error", this.#doors.onAcceptError);
        resolve();
      });
    });
  }
}

function open(address: Address, signal: AbortSignal): Promise<ByteSocket> {
  return new Promise((resolve, reject) => {
    const hook: Hook = { receiver: undefined };
    // Paused, so that nothing is read before somebody listens.
    const socket = connect({ ...address, ...common, onread: readInto(hook) }).pause();
    const settle = (finish: () => void): void => {
      forget();
      socket.off("connect", connected).off("error", failed);
      finish();
    };
    const connected = (): void =>
      settle(() => resolve(new NodeByteSocket(socket, { read: hook, secure: undefined })));
    const failed = (error: Error): void =>
      settle(() => reject(unreachable(address, describeError(error), error)));
    const forget = onAbort(signal, () =>
      settle(() => {
        socket.on("error", () => undefined).destroy();
        reject(signal.reason as Error);
      }),
    );
    socket.once("connect", connected).once("error", failed);
  });
}

function unreachable(to: Address, why: string, cause?: unknown): Failure {
  return new Failure("network.unreachable", `connecting to ${formatAddress(to)}: ${why}`, {
    cause,
  });
}

function listenFailure(address: Address, error: NodeJS.ErrnoException): Failure {
  const text = `could not listen on ${formatAddress(address)}: ${error.code ?? error.message}`;
  const code =
    error.code === "EADDRINUSE" ? "network.address-in-use" : "network.address-unavailable";
  return new Failure(code, text, { cause: error });
}
