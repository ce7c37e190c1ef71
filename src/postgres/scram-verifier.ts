/** What PostgreSQL keeps instead of a password, so that no clear password passes through SQL or a log (I10). */
import { createHash, createHmac, pbkdf2Sync } from "node:crypto";
import type { Random } from "../env/env.ts";
import { Failure } from "../model/failure.ts";
import type { Secret } from "../std/secret.ts";

/** PostgreSQL's own default, and the least that RFC 7677 permits. */
const ITERATIONS = 4096;
const SALT_BYTES = 16;

/** @throws Failure `postgres.create-failed` for a password beyond printable ASCII, which would need SASLprep. */
export function scramVerifier(password: Secret, random: Random): string {
  const clear = password.reveal();
  if (!/^[\x20-\x7e]+$/.test(clear)) {
    throw new Failure("postgres.create-failed", "A password has to be printable ASCII");
  }
  const salt = Buffer.from(random.hex(SALT_BYTES), "hex");
  const salted = pbkdf2Sync(clear, salt, ITERATIONS, 32, "sha256");
  const hmac = (text: string): Buffer => createHmac("sha256", salted).update(text).digest();
  const storedKey = createHash("sha256").update(hmac("Client Key")).digest("base64");
  const serverKey = hmac("Server Key").toString("base64");
  return `SCRAM-SHA-256$${ITERATIONS}:${salt.toString("base64")}$${storedKey}:${serverKey}`;
}
