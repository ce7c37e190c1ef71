/**
 * The cryptography of SCRAM-SHA-256 (RFC 5802, RFC 7677):
 *
 *   SaltedPassword = PBKDF2(password, salt, iterations)
 *   ClientKey      = HMAC(SaltedPassword, "Client Key")     proves to a server that somebody knows the password
 *   StoredKey      = SHA-256(ClientKey)                     lets a server check that, and prove nothing itself
 *   ServerKey      = HMAC(SaltedPassword, "Server Key")     proves to a client that the server knows StoredKey's user
 *
 * A login shows the server the ClientKey. With it the server can log in elsewhere as that very user, as long as the
 * salt and the iterations are the same there, and never learns the password.
 */
import { createHash, createHmac, pbkdf2Sync, timingSafeEqual } from "node:crypto";
import type { Secret } from "../../std/secret.ts";
import { WireError } from "./wire-error.ts";

export const KEY_BYTES = 32;

/** PostgreSQL's own default. */
const ITERATIONS = 4096;
const SALT_BYTES = 16;
/** A server that asks for more would stop this program for most of a second. */
const ITERATIONS_MAX = 1_000_000;

/** What a user's own login proved. Prints as nothing (I10). */
export class ScramKeys {
  readonly #clientKey: Buffer;
  readonly #serverKey: Buffer;

  constructor(clientKey: Buffer, serverKey: Buffer) {
    this.#clientKey = clientKey;
    this.#serverKey = serverKey;
  }

  get clientKey(): Buffer {
    return this.#clientKey;
  }

  get serverKey(): Buffer {
    return this.#serverKey;
  }
}

/** What a server keeps of a password. */
export type ScramVerifier = {
  readonly iterations: number;
  readonly salt: Buffer;
  readonly storedKey: Buffer;
  readonly serverKey: Buffer;
  /** Of a user that does not exist: no proof is right. */
  readonly isMock: boolean;
};

const VERIFIER = /^SCRAM-SHA-256\$(\d{1,9}):([^$:]+)\$([^$:]+):([^$:]+)$/;

/** Of `rolpassword` in pg_authid; undefined for anything but a SCRAM verifier. */
export function parseVerifier(text: string): ScramVerifier | undefined {
  const [, iterationsText, ...keyTexts] = VERIFIER.exec(text) ?? [];
  const iterations = Number(iterationsText);
  const [salt, storedKey, serverKey] = keyTexts.map(base64);
  if (!salt || !storedKey || !serverKey || iterations < 1) return undefined;
  if (storedKey.length !== KEY_BYTES || serverKey.length !== KEY_BYTES) return undefined;
  return { iterations, salt, storedKey, serverKey, isMock: false };
}

/**
 * For a user that does not exist, or has no password: always the same for one name, so that asking twice tells nothing,
 * and not to be told from a real one without `secret`.
 */
export function mockVerifier(secret: Buffer, user: string): ScramVerifier {
  const salt = hmac(secret, `salt of ${user}`).subarray(0, SALT_BYTES);
  const key = Buffer.alloc(KEY_BYTES);
  return { iterations: ITERATIONS, salt, storedKey: key, serverKey: key, isMock: true };
}

/**
 * Some milliseconds of computing.
 * @throws WireError for a password beyond printable ASCII, which would need SASLprep, and for too many iterations
 */
export function keysOfPassword(password: Secret, salt: Buffer, iterations: number): ScramKeys {
  const clear = password.reveal();
  if (!/^[\x20-\x7e]+$/.test(clear)) {
    throw new WireError("cannot log in: the password has to be printable ASCII", "28P01");
  }
  if (iterations > ITERATIONS_MAX) {
    throw new WireError(`the server asks for ${iterations} SCRAM iterations; too many`);
  }
  const salted = pbkdf2Sync(clear, salt, iterations, KEY_BYTES, "sha256");
  return new ScramKeys(hmac(salted, "Client Key"), hmac(salted, "Server Key"));
}

/** What a client sends to show that it has the ClientKey, without showing it to a listener. */
export function clientProof(clientKey: Buffer, authMessage: string): Buffer {
  return xor(clientKey, hmac(sha256(clientKey), authMessage));
}

/** The ClientKey behind a proof; undefined for a wrong proof. */
export function provenClientKey(
  verifier: ScramVerifier,
  proof: Buffer,
  authMessage: string,
): Buffer | undefined {
  const clientKey = xor(proof, hmac(verifier.storedKey, authMessage));
  // Compared for a mock as well, so that it takes as long.
  const isRight = timingSafeEqual(sha256(clientKey), verifier.storedKey);
  return isRight && !verifier.isMock ? clientKey : undefined;
}

export function serverSignature(serverKey: Buffer, authMessage: string): Buffer {
  return hmac(serverKey, authMessage);
}

/** In a time that tells nothing about where they differ. */
export function areEqual(left: Buffer, right: Buffer): boolean {
  return left.length === right.length && timingSafeEqual(left, right);
}

/** Strictly: undefined for what no encoder writes. */
export function base64(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, "base64");
  return bytes.length > 0 && bytes.toString("base64") === text ? bytes : undefined;
}

/** `text` is a string of bytes. */
function hmac(key: Buffer, text: string): Buffer {
  return createHmac("sha256", key).update(text, "latin1").digest();
}

function sha256(bytes: Buffer): Buffer {
  return createHash("sha256").update(bytes).digest();
}

function xor(left: Buffer, right: Buffer): Buffer {
  return Buffer.from(left.map((byte, index) => byte ^ (right[index] ?? 0)));
}
