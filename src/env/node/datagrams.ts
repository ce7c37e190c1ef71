/** UDP over IPv4 through Node's own sockets. */
import { createSocket, type Socket } from "node:dgram";
import { formatAddress, type Address } from "../../model/address.ts";
import { describeError, Failure } from "../../model/failure.ts";
import { onAbort } from "../../std/on-abort.ts";
import {
  unsentBytesMax,
  type DatagramEvents,
  type DatagramLine,
  type Datagrams,
  type DatagramSocket,
} from "../datagrams.ts";

/** 1 MiB: a burst waits here while the loop is busy. The system takes it down to what it allows. */
const receiveBufferBytes = 1_048_576;

type Lookup = (
  host: string,
  options: unknown,
  done: (error: null, address: string, family: number) => void,
) => void;

/** Addresses are numbers already, and asking the system's resolver for each packet would cost more than the packet. */
const asItIs: Lookup = (host, _options, done) => done(null, host, 4);

export const nodeDatagrams: Datagrams = { bind, connect };

async function bind(
  address: Address,
  events: DatagramEvents,
  signal: AbortSignal,
): Promise<DatagramSocket> {
  const socket = await open(
    (fresh, ready) => fresh.bind({ address: address.host, port: address.port }, () => ready()),
    (error) => listenFailure(address, error),
    signal,
  );
  serve(socket, events);
  const { address: host, port } = socket.address();
  return {
    local: { host, port },
    send: (bytes, to) => {
      if (hasRoom(socket)) attempt(events, (done) => socket.send(bytes, to.port, to.host, done));
    },
  };
}

async function connect(
  to: Address,
  events: DatagramEvents,
  signal: AbortSignal,
): Promise<DatagramLine> {
  const socket = await open(
    (fresh, ready) => fresh.connect(to.port, to.host, ready),
    (error) => unreachable(to, error),
    signal,
  );
  serve(socket, events);
  return {
    send: (bytes) => {
      if (hasRoom(socket)) attempt(events, (done) => socket.send(bytes, done));
    },
  };
}

/** A socket that `begin` has made ready, and that closes when `signal` aborts. */
function open(
  begin: (socket: Socket, ready: (error?: Error) => void) => void,
  failure: (error: unknown) => Failure,
  signal: AbortSignal,
): Promise<Socket> {
  signal.throwIfAborted();
  const socket = createSocket({
    type: "udp4",
    lookup: asItIs as never,
    recvBufferSize: receiveBufferBytes,
  });
  return new Promise((resolve, reject) => {
    const forget = onAbort(signal, () => {
      socket.removeAllListeners("message");
      close(socket);
      reject(signal.reason as Error);
    });
    const failed = (error: unknown): void => {
      forget();
      close(socket);
      reject(failure(error));
    };
    socket.once("error", failed);
    const ready = (error?: Error): void => {
      socket.off("error", failed);
      if (error) failed(error);
      else resolve(socket);
    };
    // A port that is none is thrown back at once.
    try {
      begin(socket, ready);
    } catch (error) {
      failed(error);
    }
  });
}

function serve(socket: Socket, events: DatagramEvents): void {
  socket.on("error", (error) => events.failed(error));
  socket.on("message", (bytes, { address, port }) =>
    events.received(bytes, { host: address, port }),
  );
}

/** An answer that is still under way when its socket closes is lost, and nobody is told. */
function close(socket: Socket): void {
  socket.on("error", () => undefined);
  try {
    socket.close();
  } catch {
    // It has not begun to listen, or is closed already.
  }
}

const hasRoom = (socket: Socket): boolean => {
  try {
    return socket.getSendQueueSize() < unsentBytesMax;
  } catch {
    // Closed: whoever still wants to send has not heard of it yet.
    return false;
  }
};

function attempt(
  events: DatagramEvents,
  send: (done: (error: Error | null) => void) => void,
): void {
  try {
    send((error) => {
      if (error !== null && error !== undefined) events.failed(error);
    });
  } catch (error) {
    events.failed(error instanceof Error ? error : new Error(String(error)));
  }
}

function unreachable(to: Address, cause: unknown): Failure {
  return new Failure(
    "network.unreachable",
    `speaking with ${formatAddress(to)} by UDP: ${describeError(cause)}`,
    { cause },
  );
}

function listenFailure(address: Address, error: unknown): Failure {
  const { code } = error as NodeJS.ErrnoException;
  const text = `could not listen on ${formatAddress(address)} by UDP: ${code ?? describeError(error)}`;
  const kind = code === "EADDRINUSE" ? "network.address-in-use" : "network.address-unavailable";
  return new Failure(kind, text, { cause: error });
}
