/** A connection from its first byte until it is a session, was refused, or was a cancel request. */
import type { ByteSocket, TlsIdentity } from "../env/byte-socket.ts";
import type { Clock, Log, Random } from "../env/env.ts";
import { formatAddress } from "../model/address.ts";
import { describeError } from "../model/failure.ts";
import { onAbort } from "../std/on-abort.ts";
import type { BackendKey } from "../wire/postgres/backend-messages.ts";
import { encodeError, pgError, type PgError } from "../wire/postgres/error-response.ts";
import { parseVerifier, type ScramVerifier } from "../wire/postgres/scram-keys.ts";
import {
  ClientHandshake,
  type ClientAction,
  type ClientLogin as LoggedIn,
} from "./client-handshake.ts";
import type { RequestedLogin } from "./requested-login.ts";
import type { Role } from "./verifiers.ts";

export type ClientLoginDoors = {
  readonly clock: Clock;
  readonly log: Log;
  readonly random: Random;
  readonly tls: TlsIdentity | undefined;
  readonly isTlsRequired: boolean;
  readonly mockSecret: Buffer;
  readonly loginMs: number;
  /** Undefined: no such role, or no such database. Throws while nobody can say. */
  readonly find: (login: RequestedLogin, signal: AbortSignal) => Promise<Role | undefined>;
  /** Before the password is asked for: what cannot be had whoever asks. */
  readonly precheck: (login: RequestedLogin) => PgError | undefined;
  readonly cancel: (key: BackendKey) => void;
  readonly loggedIn: (socket: ByteSocket, login: LoggedIn, rest: Buffer) => void;
};

export class ClientLogin {
  readonly #doors: ClientLoginDoors;
  readonly #handshake: ClientHandshake;
  readonly #over = new AbortController();
  #socket: ByteSocket;

  constructor(socket: ByteSocket, doors: ClientLoginDoors) {
    this.#socket = socket;
    this.#doors = doors;
    const { random, mockSecret, tls } = doors;
    this.#handshake = new ClientHandshake({ offersTls: tls !== undefined, random, mockSecret });
  }

  /** @param over called once when it has become a session, or has ended */
  start(over: () => void): void {
    onAbort(this.#over.signal, over);
    void this.#doors.clock
      .sleep(this.#doors.loginMs, this.#over.signal)
      .then(() => this.#end())
      .catch(() => undefined);
    this.#attach();
  }

  #attach(): void {
    this.#socket.attach({
      data: (bytes) => this.#act(this.#handshake.feed(bytes)),
      drained: () => undefined,
      ended: () => this.#end(),
      closed: () => this.#over.abort(new Error("the connection was closed")),
    });
  }

  #act(actions: readonly ClientAction[]): void {
    for (const action of actions) {
      switch (action.kind) {
        case "send":
          this.#socket.write(action.bytes);
          break;
        case "start-tls":
          void this.#secure(action.rest);
          break;
        case "look-up":
          void this.#lookUp(action.login);
          break;
        case "cancel":
          this.#doors.cancel(action.key);
          this.#end();
          break;
        case "refuse":
          if (action.bytes) this.#socket.write(action.bytes);
          this.#doors.log.debug("gateway.login-refused", {
            client: formatAddress(this.#socket.remote),
            because: action.because,
          });
          this.#end();
          break;
        case "authenticated":
          this.#over.abort(new Error("the login is over"));
          this.#doors.loggedIn(this.#socket, action.login, action.rest);
          break;
      }
    }
  }

  async #secure(rest: Buffer): Promise<void> {
    const { tls } = this.#doors;
    if (!tls) return this.#end();
    try {
      this.#socket = await this.#socket.secureAsServer(tls, rest, this.#over.signal);
      this.#attach();
      this.#act(this.#handshake.secured(this.#socket.channelBinding));
    } catch (error) {
      this.#doors.log.debug("gateway.tls-failed", { error: describeError(error) });
      this.#end();
    }
  }

  async #lookUp(login: RequestedLogin): Promise<void> {
    const { isTlsRequired } = this.#doors;
    const obstacle =
      isTlsRequired && !this.#socket.isSecure
        ? pgError({
            severity: "FATAL",
            code: "28000",
            message: "this gateway accepts connections with TLS only",
            hint: "Add sslmode=require to the connection string.",
          })
        : this.#doors.precheck(login);
    if (obstacle) return this.#refuse(obstacle);
    try {
      const role = await this.#doors.find(login, this.#over.signal);
      if (role?.password.kind === "md5" && role.canLogin) {
        return this.#refuse(
          pgError({
            severity: "FATAL",
            code: "28P01",
            message: `the password of role "${login.user}" is kept as MD5, which the gateway does not accept`,
            hint: "Set it again with password_encryption = scram-sha-256.",
          }),
        );
      }
      this.#act(this.#handshake.provide(role && verifierOf(role, this.#doors.clock)));
    } catch (error) {
      if (this.#over.signal.aborted) return;
      this.#refuse(
        pgError({
          severity: "FATAL",
          code: "57P03",
          message: "who you are cannot be checked now",
          detail: describeError(error),
        }),
      );
    }
  }

  #refuse(error: PgError): void {
    this.#socket.write(encodeError(error));
    this.#end();
  }

  #end(): void {
    this.#over.abort(new Error("the login is over"));
    this.#socket.end();
  }
}

/** Undefined, as for a role that is not there: nothing tells the two apart. */
function verifierOf(
  { password, canLogin, validUntilMs }: Role,
  clock: Clock,
): ScramVerifier | undefined {
  if (password.kind !== "scram" || !canLogin) return undefined;
  if (validUntilMs !== undefined && validUntilMs <= clock.wallMs()) return undefined;
  return parseVerifier(password.verifier.reveal());
}
