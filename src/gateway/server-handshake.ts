/**
 * The gateway's own login at a PostgreSQL or at another gateway, without the socket.
 *
 *   start()──► OFFERED ──mechanisms──► CHALLENGED ──challenge──► PROVING ──server's proof──► ACCEPTED ──ready──► OVER
 *
 * Only SCRAM will do: a server that lets anybody in, or that does not prove that it knows the user, is not the one
 * meant.
 */
import type { Random } from "../env/env.ts";
import {
  decodeAuthentication,
  encodeSaslInitialResponse,
  encodeSaslResponse,
  type Authentication,
} from "../wire/postgres/authentication-messages.ts";
import {
  decodeBackendKeyData,
  decodeNegotiateProtocolVersion,
  decodeParameterStatus,
  type BackendKey,
} from "../wire/postgres/backend-messages.ts";
import { decodeError, pgError, type PgError } from "../wire/postgres/error-response.ts";
import { backend } from "../wire/postgres/message-types.ts";
import { ScramClient, type ScramCredential } from "../wire/postgres/scram-client.ts";
import { SCRAM } from "../wire/postgres/scram-message.ts";
import { encodeStartup } from "../wire/postgres/startup-messages.ts";
import { WireError } from "../wire/postgres/wire-error.ts";
import { HandshakeBuffer } from "./handshake-buffer.ts";

export type ServerHandshakeOptions = {
  readonly protocol: number;
  /** `user` and `database` among them. */
  readonly parameters: ReadonlyMap<string, string>;
  readonly credential: ScramCredential;
  readonly random: Random;
};

export type ServerAction =
  | { readonly kind: "send"; readonly bytes: Buffer }
  | { readonly kind: "ready"; readonly server: ServerLogin }
  /** Close it. The error is the server's own, or says what was wrong with its answers. */
  | { readonly kind: "failed"; readonly error: PgError };

export type ServerLogin = {
  /** As the server reported them. */
  readonly parameters: ReadonlyMap<string, string>;
  /** Undefined where nothing can be cancelled. */
  readonly backendKey: BackendKey | undefined;
  /** Agreed. */
  readonly protocol: number;
  /** What the server said after it was ready. */
  readonly rest: Buffer;
};

/** Of one message during a login: errors and parameters are far smaller. */
export const LOGIN_MESSAGE_BYTES_MAX = 64 * 1024;
/** Of parameters that are kept: PostgreSQL reports some fifteen. */
const PARAMETERS_MAX = 1000;
const NONCE_BYTES = 18;

type Phase = "offered" | "challenged" | "proving" | "proved" | "accepted" | "over";

export class ServerHandshake {
  readonly #options: ServerHandshakeOptions;
  readonly #scram: ScramClient;
  readonly #buffer = new HandshakeBuffer();
  readonly #parameters = new Map<string, string>();
  #phase: Phase = "offered";
  #actions: ServerAction[] = [];
  #protocol: number;
  #backendKey: BackendKey | undefined;

  constructor(options: ServerHandshakeOptions) {
    this.#options = options;
    this.#protocol = options.protocol;
    this.#scram = new ScramClient({
      credential: options.credential,
      nonce: options.random.hex(NONCE_BYTES),
      channelBinding: undefined,
    });
  }

  /** The first bytes to send. */
  start(): Buffer {
    return encodeStartup(this.#options.protocol, this.#options.parameters);
  }

  /** Bytes of the server; nothing happens once it is over. */
  feed(bytes: Buffer): readonly ServerAction[] {
    if (this.#phase === "over") return [];
    this.#buffer.append(bytes);
    try {
      this.#takeAll();
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      this.#fail(pgError({ severity: "FATAL", code: error.sqlState, message: error.message }));
    }
    const actions = this.#actions;
    this.#actions = [];
    return actions;
  }

  #takeAll(): void {
    while (!this.#isOver()) {
      const message = this.#buffer.takeMessage(LOGIN_MESSAGE_BYTES_MAX);
      if (!message) return;
      this.#onMessage(message);
    }
  }

  #isOver(): boolean {
    return this.#phase === "over";
  }

  #onMessage(message: Buffer): void {
    const end = message.length;
    switch (message[0]) {
      case backend.authentication:
        return this.#onAuthentication(decodeAuthentication(message, 0, end));
      case backend.errorResponse:
        return this.#fail(decodeError(message, 0, end));
      case backend.noticeResponse:
        return;
      case backend.negotiateProtocolVersion:
        return this.#onNegotiation(message);
      case backend.parameterStatus:
        return this.#onParameter(message);
      case backend.backendKeyData:
        this.#backendKey = decodeBackendKeyData(message, 0, end);
        return;
      case backend.readyForQuery:
        return this.#onReady();
      default:
        throw new WireError(`the server sent a message of type ${message[0]} during the login`);
    }
  }

  #onAuthentication(message: Authentication): void {
    switch (message.kind) {
      case "sasl":
        this.#expect("offered", "challenged");
        if (!message.mechanisms.includes(SCRAM)) {
          throw new WireError(`the server does not offer ${SCRAM}`, "28000");
        }
        return this.#send(
          encodeSaslInitialResponse({ mechanism: SCRAM, data: this.#scram.first() }),
        );
      case "sasl-continue":
        this.#expect("challenged", "proving");
        return this.#send(encodeSaslResponse(this.#scram.respond(message.data)));
      case "sasl-final":
        this.#expect("proving", "proved");
        return this.#scram.finish(message.data);
      case "ok":
        return this.#expect("proved", "accepted");
      case "unsupported":
        throw new WireError(`the server asks for ${message.method} instead of ${SCRAM}`, "28000");
    }
  }

  #expect(phase: Phase, next: Phase): void {
    if (this.#phase !== phase) {
      throw new WireError(`the server's login went from "${this.#phase}" to "${next}"`, "28000");
    }
    this.#phase = next;
  }

  #onNegotiation(message: Buffer): void {
    const { protocol } = decodeNegotiateProtocolVersion(message, 0, message.length);
    if (protocol >> 16 !== 3 || protocol > this.#options.protocol) {
      throw new WireError("the server negotiates a protocol that was not asked for");
    }
    this.#protocol = protocol;
  }

  #onParameter(message: Buffer): void {
    const { name, value } = decodeParameterStatus(message, 0, message.length);
    this.#parameters.set(name, value);
    if (this.#parameters.size > PARAMETERS_MAX) {
      throw new WireError(`the server reports more than ${PARAMETERS_MAX} parameters`);
    }
  }

  #onReady(): void {
    this.#expect("accepted", "over");
    this.#actions.push({
      kind: "ready",
      server: {
        parameters: this.#parameters,
        backendKey: this.#backendKey,
        protocol: this.#protocol,
        rest: this.#buffer.take(this.#buffer.bytes.length),
      },
    });
  }

  #send(bytes: Buffer): void {
    this.#actions.push({ kind: "send", bytes });
  }

  #fail(error: PgError): void {
    this.#phase = "over";
    this.#actions.push({ kind: "failed", error });
  }
}
