import { createServer, type Server, type Socket } from "node:net";
import { formatAddress, type Address } from "../model/address.ts";
import { Failure } from "../model/failure.ts";

export type ListenerEvents = {
  readonly onConnection: (client: Socket) => void;
  /** A connection could not be accepted, for example because no file descriptor was left. The listener goes on. */
  readonly onError: (error: Error) => void;
};

/**
 * Listens on `address`; `what` says for whom, in messages.
 * @throws Failure `network.address-in-use`, `network.address-unavailable`
 */
export async function openListener(
  address: Address,
  what: string,
  events: ListenerEvents,
): Promise<Server> {
  const server = createServer({ allowHalfOpen: true, noDelay: true }, events.onConnection);
  await new Promise<void>((resolve, reject) => {
    server.once("error", (cause: NodeJS.ErrnoException) =>
      reject(listenFailure(address, what, cause)),
    );
    server.listen({ ...address }, resolve);
  });
  server.removeAllListeners("error");
  server.on("error", events.onError);
  return server;
}

/** Stops listening; settles when the address is free. Connections that it accepted are not touched. */
export function closeListener(server: Server): void {
  // The listening socket is closed within the call; the callback would wait for the connections, too.
  server.close();
}

function listenFailure(address: Address, what: string, cause: NodeJS.ErrnoException): Failure {
  const where = formatAddress(address);
  if (cause.code === "EADDRINUSE") {
    const message = `cannot listen on ${where} for ${what}: another program, or another world, holds it`;
    return new Failure("network.address-in-use", message, { cause, details: { address: where } });
  }
  const message = `cannot listen on ${where} for ${what}: ${cause.message}`;
  return new Failure("network.address-unavailable", message, {
    cause,
    details: { address: where },
  });
}
