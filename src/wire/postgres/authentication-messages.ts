/**
 * What is said during a login, by both sides. Decoders throw WireError for a malformed message. SASL data are strings
 * of bytes (latin1): what is signed has to be, to the byte, what was sent.
 */
import { FrameReader } from "./frame-reader.ts";
import { FrameWriter } from "./frame-writer.ts";
import { backend, frontend } from "./message-types.ts";

/** Codes of an Authentication message. */
const OK = 0;
const CLEARTEXT = 3;
const MD5 = 5;
const SASL = 10;
const SASL_CONTINUE = 11;
const SASL_FINAL = 12;

export type Authentication =
  | { readonly kind: "ok" }
  /** The names of the mechanisms that the server offers, its favourite first. */
  | { readonly kind: "sasl"; readonly mechanisms: readonly string[] }
  | { readonly kind: "sasl-continue"; readonly data: string }
  | { readonly kind: "sasl-final"; readonly data: string }
  | { readonly kind: "unsupported"; readonly method: string };

export function decodeAuthentication(bytes: Buffer, start: number, end: number): Authentication {
  const reader = new FrameReader("Authentication", bytes, start, end);
  const code = reader.int32();
  switch (code) {
    case OK:
      reader.expectEnd();
      return { kind: "ok" };
    case SASL:
      return { kind: "sasl", mechanisms: mechanismNames(reader) };
    case SASL_CONTINUE:
      return { kind: "sasl-continue", data: reader.rest().toString("latin1") };
    case SASL_FINAL:
      return { kind: "sasl-final", data: reader.rest().toString("latin1") };
    default:
      return { kind: "unsupported", method: methodNames.get(code) ?? `method ${code}` };
  }
}

const methodNames: ReadonlyMap<number, string> = new Map([
  [2, "Kerberos V5"],
  [CLEARTEXT, "a password in clear"],
  [MD5, "MD5"],
  [7, "GSSAPI"],
  [9, "SSPI"],
]);

function mechanismNames(reader: FrameReader): readonly string[] {
  const names: string[] = [];
  for (let name = reader.text(); name !== ""; name = reader.text()) names.push(name);
  reader.expectEnd();
  return names;
}

/** Made once; nobody may change it. */
export const authenticationOk = new FrameWriter(backend.authentication).int32(OK).finish();

export function encodeSasl(mechanisms: readonly string[]): Buffer {
  const writer = new FrameWriter(backend.authentication).int32(SASL);
  for (const name of mechanisms) writer.text(name);
  return writer.byte(0).finish();
}

export function encodeSaslContinue(data: string): Buffer {
  const writer = new FrameWriter(backend.authentication).int32(SASL_CONTINUE);
  return writer.bytes(Buffer.from(data, "latin1")).finish();
}

export function encodeSaslFinal(data: string): Buffer {
  const writer = new FrameWriter(backend.authentication).int32(SASL_FINAL);
  return writer.bytes(Buffer.from(data, "latin1")).finish();
}

export type SaslInitialResponse = {
  readonly mechanism: string;
  /** Undefined: the client waits for the server to begin. */
  readonly data: string | undefined;
};

export function decodeSaslInitialResponse(
  bytes: Buffer,
  start: number,
  end: number,
): SaslInitialResponse {
  const reader = new FrameReader("SASLInitialResponse", bytes, start, end);
  const mechanism = reader.text();
  const length = reader.int32();
  const data = length === -1 ? undefined : reader.bytes(length).toString("latin1");
  reader.expectEnd();
  return { mechanism, data };
}

export function encodeSaslInitialResponse({ mechanism, data }: SaslInitialResponse): Buffer {
  const bytes = data === undefined ? undefined : Buffer.from(data, "latin1");
  return new FrameWriter(frontend.password).text(mechanism).value(bytes).finish();
}

export function decodeSaslResponse(bytes: Buffer, start: number, end: number): string {
  return new FrameReader("SASLResponse", bytes, start, end).rest().toString("latin1");
}

export function encodeSaslResponse(data: string): Buffer {
  return new FrameWriter(frontend.password).bytes(Buffer.from(data, "latin1")).finish();
}
