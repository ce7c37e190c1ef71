/** The client's side of one SCRAM exchange: proves a password, or the keys of one, and checks the server's own proof. */
import type { Secret } from "../../std/secret.ts";
import {
  areEqual,
  base64,
  clientProof,
  keysOfPassword,
  serverSignature,
  type ScramKeys,
} from "./scram-keys.ts";
import { BINDING_TYPE, isNonce, ScramAttributes } from "./scram-message.ts";
import { WireError } from "./wire-error.ts";

export type ScramCredential =
  | { readonly kind: "password"; readonly password: Secret }
  /** Good where the user's salt and iterations are those that the keys were proved with. */
  | { readonly kind: "keys"; readonly keys: ScramKeys };

export type ScramClientOptions = {
  readonly credential: ScramCredential;
  /** Printable ASCII without a comma, never used before. */
  readonly nonce: string;
  /** `tls-server-end-point` of the server's certificate, for SCRAM-SHA-256-PLUS. */
  readonly channelBinding: Buffer | undefined;
};

export class ScramClient {
  readonly #options: ScramClientOptions;
  readonly #gs2Header: string;
  readonly #firstBare: string;
  #expectedSignature: Buffer | undefined;

  constructor(options: ScramClientOptions) {
    this.#options = options;
    this.#gs2Header = options.channelBinding ? `p=${BINDING_TYPE},,` : "n,,";
    // PostgreSQL takes the user from the startup packet.
    this.#firstBare = `n=,r=${options.nonce}`;
  }

  first(): string {
    return this.#gs2Header + this.#firstBare;
  }

  /** Takes the server's challenge and returns the client's last message. @throws WireError */
  respond(challenge: string): string {
    const attributes = new ScramAttributes(challenge);
    const nonce = attributes.take("r");
    const salt = base64(attributes.take("s"));
    const iterationsText = attributes.take("i");
    attributes.skipTo(undefined);
    if (!isNonce(nonce) || !nonce.startsWith(this.#options.nonce)) {
      throw new WireError("invalid SCRAM challenge: the nonce does not match");
    }
    if (!salt || !/^[1-9]\d{0,8}$/.test(iterationsText)) {
      throw new WireError("malformed SCRAM challenge: its salt or its iterations");
    }
    const withoutProof = `c=${this.#binding()},r=${nonce}`;
    const authMessage = `${this.#firstBare},${challenge},${withoutProof}`;
    const keys = this.#keys(salt, Number(iterationsText));
    this.#expectedSignature = serverSignature(keys.serverKey, authMessage);
    return `${withoutProof},p=${clientProof(keys.clientKey, authMessage).toString("base64")}`;
  }

  /**
   * Takes the server's last message.
   * @throws WireError when the server did not prove that it knows the user, or says that it failed
   */
  finish(message: string): void {
    if (message.startsWith("e=")) {
      throw new WireError(`the server ended the login: ${message.slice(2, 80)}`, "28P01");
    }
    const attributes = new ScramAttributes(message);
    const signature = base64(attributes.take("v"));
    attributes.skipTo(undefined);
    const expected = this.#expectedSignature;
    if (!signature || !expected || !areEqual(signature, expected)) {
      throw new WireError("the server did not prove that it knows the user's password", "28000");
    }
  }

  #binding(): string {
    const { channelBinding } = this.#options;
    const header = Buffer.from(this.#gs2Header, "latin1");
    return Buffer.concat(channelBinding ? [header, channelBinding] : [header]).toString("base64");
  }

  #keys(salt: Buffer, iterations: number): ScramKeys {
    const { credential } = this.#options;
    if (credential.kind === "keys") return credential.keys;
    return keysOfPassword(credential.password, salt, iterations);
  }
}
