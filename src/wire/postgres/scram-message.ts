/** What both sides of a SCRAM exchange read in the same way. All messages are strings of bytes (latin1). */
import { WireError } from "./wire-error.ts";

export const SCRAM = "SCRAM-SHA-256";
/** The same, bound to the server's certificate: a login cannot be carried through somebody in the middle. */
export const SCRAM_PLUS = "SCRAM-SHA-256-PLUS";
/** The only kind of binding that PostgreSQL has (RFC 5929). */
export const BINDING_TYPE = "tls-server-end-point";

/** `letter=value` parts, read one after the other. */
export class ScramAttributes {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** Where the next attribute begins. */
  get at(): number {
    return this.#at;
  }

  /** The value of the next attribute. @throws WireError when it is another, or none is left */
  take(letter: string): string {
    if (!this.#text.startsWith(`${letter}=`, this.#at)) {
      throw new WireError(`malformed SCRAM message: expected attribute "${letter}"`);
    }
    const comma = this.#text.indexOf(",", this.#at);
    const end = comma < 0 ? this.#text.length : comma;
    const value = this.#text.slice(this.#at + 2, end);
    this.#at = comma < 0 ? end : end + 1;
    return value;
  }

  /** Optional attributes up to `letter`, or up to the end: nobody has defined any yet. */
  skipTo(letter: string | undefined): void {
    while (this.#at < this.#text.length && this.#text[this.#at] !== letter) {
      const next = this.#text[this.#at] ?? "";
      if (!/[A-Za-z]/.test(next) || next === "m") {
        throw new WireError("the other side requires a SCRAM extension that is unknown", "0A000");
      }
      this.take(next);
    }
  }

  expectEnd(): void {
    if (this.#at !== this.#text.length) {
      throw new WireError("malformed SCRAM message: garbage at its end");
    }
  }
}

/** Printable ASCII without a comma, as RFC 5802 wants it. */
export function isNonce(text: string): boolean {
  return /^[\x21-\x2b\x2d-\x7e]+$/.test(text);
}
