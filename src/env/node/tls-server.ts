/** A connection that began in clear goes on in TLS, with this program as the server. */
import { constants } from "node:crypto";
import type { Socket } from "node:net";
import { createSecureContext, TLSSocket, type SecureContext } from "node:tls";
import { describeError, Failure } from "../../model/failure.ts";
import { onAbort } from "../../std/on-abort.ts";
import { highWaterBytes, type TlsIdentity } from "../byte-socket.ts";
import { endPointHash } from "./certificate-hash.ts";

/** As registered for PostgreSQL. A client that offers protocols without this one is refused by the handshake itself. */
const protocol = "postgresql";

const tlsSocketOptions = { highWaterMark: highWaterBytes };

type Prepared = {
  readonly secureContext: SecureContext;
  readonly channelBinding: Buffer | undefined;
};

/** Keys are parsed once: it takes a millisecond, and every context some memory. */
const prepared = new WeakMap<TlsIdentity, Prepared>();

/**
 * Shakes hands over `socket`, which is paused; `rest` was read from it already. When it fails, the connection is closed.
 * @throws Failure `network.handshake-failed`; the reason of `signal`
 */
export async function serverHandshake(
  socket: Socket,
  { identity, rest }: { readonly identity: TlsIdentity; readonly rest: Buffer },
  signal: AbortSignal,
): Promise<{ readonly secured: Socket; readonly channelBinding: Buffer | undefined }> {
  try {
    signal.throwIfAborted();
    const { secureContext, channelBinding } = prepare(identity);
    // What Node finds in the socket's own queue is where the handshake begins.
    if (rest.length > 0) socket.unshift(rest);
    const options = { isServer: true, secureContext, ALPNProtocols: [protocol] };
    const secured = new TLSSocket(socket, { ...options, ...tlsSocketOptions });
    await shakeHands(secured, socket, signal);
    if (rest.length > 0 && secured.alpnProtocol !== protocol) {
      secured.destroy();
      throw failed(`the client began with TLS and did not ask for the protocol ${protocol}`);
    }
    return { secured, channelBinding };
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

function prepare(identity: TlsIdentity): Prepared {
  const known = prepared.get(identity);
  if (known) return known;
  const { certificate, privateKey } = identity;
  const made: Prepared = {
    secureContext: createSecureContext({
      cert: certificate,
      key: privateKey,
      minVersion: "TLSv1.2",
      // A client could make the server work without end by asking for new keys.
      secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
    }),
    channelBinding: endPointHash(certificate),
  };
  prepared.set(identity, made);
  return made;
}

function shakeHands(secured: TLSSocket, socket: Socket, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (error?: unknown): void => {
      forget();
      socket.off("close", vanished);
      secured.off("secure", settle).off("close", vanished).off("_tlsError", refuse);
      if (error === undefined) resolve();
      else {
        secured.destroy();
        reject(error as Error);
      }
    };
    const refuse = (cause: Error): void => settle(failed(describeError(cause), cause));
    const vanished = (): void => settle(failed("the client closed the connection"));
    const forget = onAbort(signal, () => settle(signal.reason));
    socket.once("close", vanished);
    secured.once("secure", settle).once("close", vanished).once("_tlsError", refuse);
    // It comes again as the reason of `_tlsError` or of the close.
    secured.on("error", refuse);
    // Node only tells of an error after the handshake when nobody else decides about it.
    secured.on("_tlsError", (error: Error) => secured.destroy(error));
  });
}

function failed(why: string, cause?: unknown): Failure {
  return new Failure("network.handshake-failed", `TLS with a client did not begin: ${why}`, {
    cause,
  });
}
