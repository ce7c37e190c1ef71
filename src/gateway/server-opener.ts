/** Opens a connection to a server and logs in there as a client's user, by what the client itself has proved. */
import type { ByteSockets } from "../env/byte-socket.ts";
import type { Random } from "../env/env.ts";
import type { Address } from "../model/address.ts";
import { formatAddress } from "../model/address.ts";
import { describeError } from "../model/failure.ts";
import { pgError, type PgError } from "../wire/postgres/error-response.ts";
import type { ScramCredential } from "../wire/postgres/scram-client.ts";
import { PROTOCOL_3_0 } from "../wire/postgres/startup-messages.ts";
import { ServerConnection, type ServerLimits } from "./server-connection.ts";
import { ServerHandshake, type ServerAction } from "./server-handshake.ts";
import type { OpenResult } from "./server-pool.ts";

export type ServerAddress = {
  readonly address: Address;
  readonly isPeer: boolean;
};

export type OpenerDoors = {
  readonly sockets: ByteSockets;
  readonly random: Random;
  readonly limits: ServerLimits & { readonly loginMs: number };
};

export type ServerLoginRequest = {
  readonly user: string;
  readonly database: string;
  readonly credential: ScramCredential;
  /** Beside user and database. */
  readonly parameters: ReadonlyMap<string, string>;
  /** False when what the server acknowledges does not count. */
  readonly mayPassOn: () => boolean;
};

/** Classes of errors that waiting does not mend: the role, its password, its rights, the database. */
const lasting = /^(28|3D|42|0A|08P01)/;

export async function openServer(
  { address, isPeer }: ServerAddress,
  request: ServerLoginRequest,
  { sockets, random, limits }: OpenerDoors,
  signal: AbortSignal,
): Promise<OpenResult> {
  const where = formatAddress(address);
  try {
    const socket = await sockets.connect(address, limits.loginMs, signal);
    return await new Promise<OpenResult>((resolve) => {
      const handshake = new ServerHandshake({
        protocol: PROTOCOL_3_0,
        parameters: new Map([
          ["user", request.user],
          ["database", request.database],
          ...request.parameters,
        ]),
        credential: request.credential,
        random,
      });
      const act = (action: ServerAction): void => {
        switch (action.kind) {
          case "send":
            return socket.write(action.bytes);
          case "failed":
            socket.destroy();
            return resolve(failed(action.error));
          case "ready": {
            const { parameters, backendKey: key } = action.server;
            const login = { parameters, key, isPeer };
            const server = new ServerConnection(socket, login, limits, request.mayPassOn);
            return resolve({ kind: "open", server });
          }
        }
      };
      const gone = (because: string): void =>
        resolve({ kind: "unreachable", because: `${where} ${because}` });
      socket.attach({
        data: (bytes) => handshake.feed(bytes).forEach(act),
        drained: () => undefined,
        ended: () => socket.destroy(),
        closed: (error) => gone(error?.message ?? "closed the connection during the login"),
      });
      socket.write(handshake.start());
    });
  } catch (error) {
    return { kind: "unreachable", because: describeError(error) };
  }
}

function failed(error: PgError): OpenResult {
  if (lasting.test(error.code)) {
    return { kind: "refused", error: pgError({ ...error, severity: "FATAL" }) };
  }
  return { kind: "unreachable", because: error.message };
}
