/**
 * A client's login at the gateway, without the socket: bytes go in, actions come out. Each is to be done in order.
 *
 *             ┌──SSLRequest: "N" · GSSENCRequest: "N"──┐
 *             ▼                                        │
 *   ────► STARTUP ─────────────────────────────────────┘
 *             │ ├─SSLRequest: "S" · first byte of TLS──► SECURING ──secured()──► STARTUP
 *             │ └─CancelRequest──► OVER
 *             ▼ offer, look-up
 *          INITIAL ──provide(), challenge──► FINAL ──proof──► OVER (authenticated)
 *
 * Whatever a client sends, it gets one error and its connection ends; where it does not speak this protocol at all, the
 * connection ends without a word. Nothing is thrown.
 */
import type { Random } from "../env/env.ts";
import { assert } from "../std/assert.ts";
import type { BackendKey } from "../wire/postgres/backend-messages.ts";
import { encodeNegotiateProtocolVersion } from "../wire/postgres/backend-messages.ts";
import {
  authenticationOk,
  decodeSaslInitialResponse,
  decodeSaslResponse,
  encodeSasl,
  encodeSaslContinue,
  encodeSaslFinal,
} from "../wire/postgres/authentication-messages.ts";
import { encodeError, pgError, type PgError } from "../wire/postgres/error-response.ts";
import { frontend } from "../wire/postgres/message-types.ts";
import { mockVerifier, type ScramKeys, type ScramVerifier } from "../wire/postgres/scram-keys.ts";
import { SCRAM, SCRAM_PLUS } from "../wire/postgres/scram-message.ts";
import { ScramServer } from "../wire/postgres/scram-server.ts";
import {
  decodeStartupRequest,
  PROTOCOL_3_2,
  startupRequestBytes,
  type StartupRequest,
} from "../wire/postgres/startup-messages.ts";
import { WireError } from "../wire/postgres/wire-error.ts";
import { HandshakeBuffer } from "./handshake-buffer.ts";
import { readLogin, type RequestedLogin } from "./requested-login.ts";

export type ClientLogin = RequestedLogin & {
  /** The login in another server as this user. */
  readonly keys: ScramKeys;
};

export type ClientAction =
  | { readonly kind: "send"; readonly bytes: Buffer }
  /**
   * The connection goes on in TLS; then call `secured`. `rest` belongs to the TLS handshake; it is empty unless the
   * connection began with one.
   */
  | { readonly kind: "start-tls"; readonly rest: Buffer }
  /** Pass it on and close. */
  | { readonly kind: "cancel"; readonly key: BackendKey }
  /** Find the user's verifier and call `provide`. */
  | { readonly kind: "look-up"; readonly login: RequestedLogin }
  /** The client was told; what it waits for now are its parameters, its key, and ReadyForQuery. `rest`: sent ahead. */
  | { readonly kind: "authenticated"; readonly login: ClientLogin; readonly rest: Buffer }
  /** Send the bytes, if there are any, and close. */
  | { readonly kind: "refuse"; readonly bytes: Buffer | undefined; readonly because: string };

export type ClientHandshakeOptions = {
  readonly offersTls: boolean;
  readonly random: Random;
  /** Makes up the salt of users that do not exist; the same for the life of the world, in all its gateways. */
  readonly mockSecret: Buffer;
};

/** Of PostgreSQL: of a message of the SASL exchange, header included. */
export const SASL_MESSAGE_BYTES_MAX = 1024;
/** Of what a client sends ahead while its login waits for an answer: more than any driver does. */
export const SENT_AHEAD_BYTES_MAX = 16 * 1024;
const NONCE_BYTES = 18;
/** The first byte of a TLS handshake, and of no startup packet: its length would be too large. */
const TLS_HANDSHAKE = 0x16;
const YES = Buffer.from("S");
const NO = Buffer.from("N");

type Phase = "startup" | "securing" | "initial" | "final" | "over";

export class ClientHandshake {
  readonly #options: ClientHandshakeOptions;
  readonly #buffer = new HandshakeBuffer();
  #phase: Phase = "startup";
  #actions: ClientAction[] = [];
  #isSecure = false;
  #channelBinding: Buffer | undefined;
  /** What was asked for already: neither may be asked for twice. */
  readonly #asked = new Set<"ssl" | "gssenc">();
  #login: RequestedLogin | undefined;
  #verifier: ScramVerifier | undefined;
  #scram: ScramServer | undefined;

  constructor(options: ClientHandshakeOptions) {
    this.#options = options;
  }

  /** Bytes of the client; of its secure connection, once there is one. */
  feed(bytes: Buffer): readonly ClientAction[] {
    if (this.#phase === "over") return [];
    assert(this.#phase !== "securing", "the bytes of a TLS handshake are not the login's");
    this.#buffer.append(bytes);
    return this.#run();
  }

  /** The connection is in TLS now. `channelBinding` is `tls-server-end-point` of its certificate. */
  secured(channelBinding: Buffer | undefined): readonly ClientAction[] {
    assert(this.#phase === "securing", "nobody asked for TLS");
    this.#isSecure = true;
    this.#channelBinding = channelBinding;
    this.#phase = "startup";
    return this.#run();
  }

  /** What the look-up found; undefined for a user that does not exist or has no such password. */
  provide(verifier: ScramVerifier | undefined): readonly ClientAction[] {
    if (this.#phase === "over" || !this.#login) return [];
    this.#verifier = verifier ?? mockVerifier(this.#options.mockSecret, this.#login.user);
    return this.#run();
  }

  #run(): readonly ClientAction[] {
    try {
      while (this.#step());
      if (this.#buffer.bytes.length > SENT_AHEAD_BYTES_MAX) {
        throw new WireError("too much was sent before the login was over");
      }
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      this.#refuse({ code: error.sqlState, message: error.message });
    }
    const actions = this.#actions;
    this.#actions = [];
    return actions;
  }

  /** Takes the next message; false when none can be taken now. @throws WireError */
  #step(): boolean {
    switch (this.#phase) {
      case "startup":
        return this.#takeStartup();
      case "initial":
        return this.#verifier !== undefined && this.#takeInitialResponse(this.#verifier);
      case "final":
        return this.#takeFinalResponse();
      case "securing":
      case "over":
        return false;
    }
  }

  #takeStartup(): boolean {
    const { bytes } = this.#buffer;
    if (bytes[0] === TLS_HANDSHAKE && !this.#isSecure && this.#asked.size === 0) {
      return this.#startTls(true);
    }
    let length: number | undefined;
    try {
      length = startupRequestBytes(bytes);
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      this.#endSilently(error.message);
      return false;
    }
    if (length === undefined || bytes.length < length) return false;
    return this.#onRequest(decodeStartupRequest(this.#buffer.take(length)));
  }

  #onRequest(request: StartupRequest): boolean {
    switch (request.kind) {
      case "cancel":
        this.#finish({ kind: "cancel", key: request.key });
        return false;
      case "ssl":
      case "gssenc":
        return this.#onEncryptionRequest(request.kind);
      case "startup":
      case "unsupported":
        this.#onStartup(request);
        return true;
    }
  }

  #onEncryptionRequest(kind: "ssl" | "gssenc"): boolean {
    if (this.#asked.has(kind)) throw new WireError(`a second ${kind} request`);
    this.#asked.add(kind);
    if (kind === "ssl" && this.#options.offersTls && !this.#isSecure) return this.#startTls(false);
    this.#send(NO);
    return true;
  }

  #startTls(isDirect: boolean): boolean {
    const rest = this.#buffer.take(this.#buffer.bytes.length);
    if (!isDirect && rest.length > 0) {
      // Somebody in between may have put it there, to be read later as if it had come encrypted.
      throw new WireError("received unencrypted data after SSL request");
    }
    if (!this.#options.offersTls) {
      this.#endSilently("a TLS handshake, and TLS is not offered");
      return false;
    }
    this.#asked.add("ssl");
    if (!isDirect) this.#send(YES);
    this.#phase = "securing";
    this.#actions.push({ kind: "start-tls", rest });
    return false;
  }

  /** The offer goes out at once: while it travels, the user is looked up. */
  #onStartup(request: StartupRequest & { readonly kind: "startup" | "unsupported" }): void {
    const outcome = readLogin(request);
    if (outcome.kind === "refused") return this.#refuse(outcome.error);
    const { login } = outcome;
    this.#login = login;
    if (outcome.needsNegotiation) {
      this.#send(
        encodeNegotiateProtocolVersion({
          protocol: Math.min(login.protocol, PROTOCOL_3_2),
          unknownOptions: outcome.unknownOptions,
        }),
      );
    }
    this.#send(encodeSasl(this.#channelBinding ? [SCRAM_PLUS, SCRAM] : [SCRAM]));
    this.#phase = "initial";
    this.#actions.push({ kind: "look-up", login });
  }

  #takeInitialResponse(verifier: ScramVerifier): boolean {
    const message = this.#takeSaslMessage();
    if (!message) return false;
    const { mechanism, data } = decodeSaslInitialResponse(message, 0, message.length);
    const isPlus = mechanism === SCRAM_PLUS && this.#channelBinding !== undefined;
    if (mechanism !== SCRAM && !isPlus) {
      throw new WireError("client selected an invalid SASL authentication mechanism");
    }
    // The protocol lets a client wait for an empty challenge; none that knows SCRAM does.
    if (data === undefined) throw new WireError("the SASL response has no data");
    this.#scram = new ScramServer({
      verifier,
      nonce: this.#options.random.hex(NONCE_BYTES),
      channelBinding: this.#channelBinding,
      isPlus,
    });
    this.#send(encodeSaslContinue(this.#scram.first(data)));
    this.#phase = "final";
    return true;
  }

  #takeFinalResponse(): boolean {
    const message = this.#takeSaslMessage();
    if (!message) return false;
    const login = this.#login;
    assert(this.#scram !== undefined && login !== undefined, "a final message follows a first one");
    const outcome = this.#scram.final(decodeSaslResponse(message, 0, message.length));
    if (outcome.kind === "refused") {
      this.#refuse({
        code: "28P01",
        message: `password authentication failed for user "${login.user}"`,
      });
      return false;
    }
    this.#send(Buffer.concat([encodeSaslFinal(outcome.message), authenticationOk]));
    const rest = this.#buffer.take(this.#buffer.bytes.length);
    this.#finish({ kind: "authenticated", login: { ...login, keys: outcome.keys }, rest });
    return false;
  }

  #takeSaslMessage(): Buffer | undefined {
    const type = this.#buffer.bytes[0];
    if (type === frontend.terminate) {
      this.#endSilently("the client left before its login was over");
      return undefined;
    }
    if (type !== undefined && type !== frontend.password) {
      throw new WireError(`expected SASL response, got message type ${type}`);
    }
    return this.#buffer.takeMessage(SASL_MESSAGE_BYTES_MAX);
  }

  #send(bytes: Buffer): void {
    this.#actions.push({ kind: "send", bytes });
  }

  #refuse(error: Pick<PgError, "code" | "message"> & Partial<PgError>): void {
    const bytes = encodeError(pgError({ ...error, severity: "FATAL" }));
    this.#finish({ kind: "refuse", bytes, because: error.message });
  }

  #endSilently(because: string): void {
    this.#finish({ kind: "refuse", bytes: undefined, because });
  }

  #finish(action: ClientAction): void {
    this.#phase = "over";
    this.#buffer.take(this.#buffer.bytes.length);
    this.#verifier = undefined;
    this.#scram = undefined;
    this.#actions.push(action);
  }
}
