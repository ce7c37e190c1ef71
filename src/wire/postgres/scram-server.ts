/**
 * The server's side of one SCRAM exchange.
 *
 *   NEW ──first──► CHALLENGED ──final──► DONE (proved, or refused)
 *
 * Pure: the nonce comes from outside. A user without a verifier gets a mock one, and is refused at the very end.
 */
import { assert } from "../../std/assert.ts";
import {
  areEqual,
  base64,
  KEY_BYTES,
  provenClientKey,
  ScramKeys,
  serverSignature,
  type ScramVerifier,
} from "./scram-keys.ts";
import { BINDING_TYPE, isNonce, ScramAttributes } from "./scram-message.ts";
import { WireError } from "./wire-error.ts";

export type ScramServerOptions = {
  readonly verifier: ScramVerifier;
  /** Printable ASCII without a comma, never used before. */
  readonly nonce: string;
  /** `tls-server-end-point` of the certificate that the client saw; undefined without TLS. */
  readonly channelBinding: Buffer | undefined;
  /** The client chose SCRAM-SHA-256-PLUS. */
  readonly isPlus: boolean;
};

export type ScramOutcome =
  /** `message` is the server's final message; the keys are good for a login elsewhere. */
  | { readonly kind: "proved"; readonly message: string; readonly keys: ScramKeys }
  | { readonly kind: "refused" };

export class ScramServer {
  readonly #options: ScramServerOptions;
  /** The client's first message up to its own attributes; its last message repeats it. */
  #gs2Header = "";
  #nonce = "";
  #clientFirstBare = "";
  #serverFirst = "";

  constructor(options: ScramServerOptions) {
    assert(isNonce(options.nonce), "a nonce is printable and has no comma");
    this.#options = options;
  }

  /** Takes the client's first message and returns the challenge. @throws WireError */
  first(message: string): string {
    assert(this.#serverFirst === "", "a SCRAM exchange has one first message");
    this.#gs2Header = this.#readBinding(message);
    this.#clientFirstBare = message.slice(this.#gs2Header.length);
    const attributes = new ScramAttributes(this.#clientFirstBare);
    // The name counts that the startup packet gave, as in PostgreSQL.
    attributes.take("n");
    const clientNonce = attributes.take("r");
    attributes.skipTo(undefined);
    if (!isNonce(clientNonce)) throw new WireError("non-printable characters in SCRAM nonce");
    const { nonce, verifier } = this.#options;
    this.#nonce = clientNonce + nonce;
    const salt = verifier.salt.toString("base64");
    this.#serverFirst = `r=${this.#nonce},s=${salt},i=${verifier.iterations}`;
    return this.#serverFirst;
  }

  /** Takes the client's last message. @throws WireError */
  final(message: string): ScramOutcome {
    assert(this.#serverFirst !== "", "a SCRAM exchange begins with its first message");
    const attributes = new ScramAttributes(message);
    this.#checkBinding(attributes.take("c"));
    if (attributes.take("r") !== this.#nonce) {
      throw new WireError("invalid SCRAM response: the nonce does not match");
    }
    attributes.skipTo("p");
    // Without the comma before the proof.
    const withoutProof = message.slice(0, Math.max(0, attributes.at - 1));
    const proof = base64(attributes.take("p"));
    attributes.expectEnd();
    if (proof?.length !== KEY_BYTES) throw new WireError("malformed SCRAM message: its proof");
    const authMessage = `${this.#clientFirstBare},${this.#serverFirst},${withoutProof}`;
    return this.#judge(proof, authMessage);
  }

  #judge(proof: Buffer, authMessage: string): ScramOutcome {
    const { verifier } = this.#options;
    const clientKey = provenClientKey(verifier, proof, authMessage);
    const signature = serverSignature(verifier.serverKey, authMessage);
    if (!clientKey) return { kind: "refused" };
    return {
      kind: "proved",
      message: `v=${signature.toString("base64")}`,
      keys: new ScramKeys(clientKey, verifier.serverKey),
    };
  }

  /** What the client thinks of channel binding. Returns the header that says so. */
  #readBinding(message: string): string {
    const [flag = "", authorization, ...rest] = message.split(",", 3);
    if (authorization === undefined || rest.length === 0) {
      throw new WireError("malformed SCRAM message: it has no header");
    }
    if (authorization !== "") {
      throw new WireError("a SCRAM authorization identity is not supported", "0A000");
    }
    this.#checkFlag(flag);
    return `${flag},,`;
  }

  #checkFlag(flag: string): void {
    const { isPlus, channelBinding } = this.#options;
    if (flag === "n" || flag === "y") {
      if (isPlus) {
        throw new WireError(
          "malformed SCRAM message: SCRAM-SHA-256-PLUS was selected, but there is no channel binding",
        );
      }
      // Somebody in between took SCRAM-SHA-256-PLUS out of the offer.
      if (flag === "y" && channelBinding) {
        throw new WireError(
          "SCRAM channel binding negotiation error: the client believes that it is not offered, but it is",
          "28000",
        );
      }
      return;
    }
    if (!flag.startsWith("p=")) {
      throw new WireError("malformed SCRAM message: unknown channel-binding flag");
    }
    if (!isPlus) {
      throw new WireError(
        "malformed SCRAM message: channel binding without SCRAM-SHA-256-PLUS selected",
      );
    }
    if (flag !== `p=${BINDING_TYPE}`) {
      throw new WireError("unsupported SCRAM channel-binding type");
    }
  }

  #checkBinding(attribute: string): void {
    const { isPlus, channelBinding } = this.#options;
    const header = Buffer.from(this.#gs2Header, "latin1");
    const expected = isPlus && channelBinding ? Buffer.concat([header, channelBinding]) : header;
    const actual = base64(attribute);
    if (actual && areEqual(actual, expected)) return;
    if (isPlus) throw new WireError("SCRAM channel binding check failed", "28000");
    throw new WireError("unexpected SCRAM channel-binding attribute in the last message");
  }
}
