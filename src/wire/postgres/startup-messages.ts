/**
 * The first message of a connection, which alone has no type byte:
 *
 *   length (4 bytes, counts itself)  code (4 bytes)  content
 *
 * The code is a protocol version, or a number that no version will ever have and that asks for something else.
 */
import { SECRET_BYTES_MAX, SECRET_BYTES_MIN, type BackendKey } from "./backend-messages.ts";
import { FrameWriter } from "./frame-writer.ts";
import { WireError } from "./wire-error.ts";

/** PostgreSQL's own limit. */
export const STARTUP_BYTES_MAX = 10_000;
const STARTUP_BYTES_MIN = 8;

const SSL_REQUEST = 80_877_103;
const GSSENC_REQUEST = 80_877_104;
const CANCEL_REQUEST = 80_877_102;

/** Version 3 in the upper half, the minor version in the lower. */
export const PROTOCOL_3_0 = 0x0003_0000;
/** Cancel keys longer than four bytes. */
export const PROTOCOL_3_2 = 0x0003_0002;

export type StartupRequest =
  | { readonly kind: "ssl" }
  | { readonly kind: "gssenc" }
  | { readonly kind: "cancel"; readonly key: BackendKey }
  | {
      readonly kind: "startup";
      /** As asked for: at least 3.0, perhaps newer than any that exists. */
      readonly protocol: number;
      /** Without those that begin with `_pq_.`. */
      readonly parameters: ReadonlyMap<string, string>;
      /** Names of `_pq_.` options, which are extensions of the protocol. */
      readonly protocolOptions: readonly string[];
    }
  /** Another major version. */
  | { readonly kind: "unsupported"; readonly protocol: number };

/**
 * How many bytes the request has that `bytes` begins with; undefined while that cannot be said.
 * @throws WireError for a length that no such request has
 */
export function startupRequestBytes(bytes: Buffer): number | undefined {
  if (bytes.length < 4) return undefined;
  const length = bytes.readUInt32BE(0);
  if (length < STARTUP_BYTES_MIN || length > STARTUP_BYTES_MAX) {
    throw new WireError(`invalid length of startup packet: ${length}`);
  }
  return length;
}

/**
 * `bytes` is the whole request and nothing else. Nothing of it is kept.
 * @throws WireError
 */
export function decodeStartupRequest(bytes: Buffer): StartupRequest {
  if (startupRequestBytes(bytes) !== bytes.length) {
    throw new WireError("invalid length of startup packet");
  }
  const code = bytes.readInt32BE(4);
  if (code === CANCEL_REQUEST) return { kind: "cancel", key: cancelKey(bytes) };
  if (code === SSL_REQUEST || code === GSSENC_REQUEST) {
    if (bytes.length !== STARTUP_BYTES_MIN) throw new WireError("malformed encryption request");
    return { kind: code === SSL_REQUEST ? "ssl" : "gssenc" };
  }
  if (code >> 16 !== 3) return { kind: "unsupported", protocol: code };
  return { kind: "startup", protocol: code, ...startupParameters(bytes) };
}

function cancelKey(bytes: Buffer): BackendKey {
  const secretBytes = bytes.length - 12;
  if (secretBytes < SECRET_BYTES_MIN || secretBytes > SECRET_BYTES_MAX) {
    throw new WireError(`invalid length of cancel request: ${bytes.length}`);
  }
  return { processId: bytes.readInt32BE(8), secret: Buffer.from(bytes.subarray(12)) };
}

function startupParameters(bytes: Buffer): {
  readonly parameters: ReadonlyMap<string, string>;
  readonly protocolOptions: readonly string[];
} {
  const parameters = new Map<string, string>();
  const protocolOptions: string[] = [];
  let at = STARTUP_BYTES_MIN;
  const text = (): string => {
    const end = bytes.indexOf(0, at);
    if (end < 0) {
      throw new WireError("invalid startup packet layout: expected terminator as last byte");
    }
    const value = bytes.toString("utf8", at, end);
    at = end + 1;
    return value;
  };
  for (let name = text(); name !== ""; name = text()) {
    const value = text();
    if (name.startsWith("_pq_.")) protocolOptions.push(name);
    else parameters.set(name, value);
  }
  if (at !== bytes.length) {
    throw new WireError("invalid startup packet layout: expected terminator as last byte");
  }
  return { parameters, protocolOptions };
}

export function encodeStartup(
  protocol: number,
  parameters: Iterable<readonly [string, string]>,
): Buffer {
  const writer = new FrameWriter(undefined).int32(protocol);
  for (const [name, value] of parameters) writer.text(name).text(value);
  return writer.byte(0).finish();
}

export function encodeCancelRequest(key: BackendKey): Buffer {
  const writer = new FrameWriter(undefined).int32(CANCEL_REQUEST);
  return writer.int32(key.processId).bytes(key.secret).finish();
}

/** Made once; nobody may change them. */
export const sslRequest = new FrameWriter(undefined).int32(SSL_REQUEST).finish();
export const gssencRequest = new FrameWriter(undefined).int32(GSSENC_REQUEST).finish();

/** As people write it: `3.2`. */
export function protocolText(protocol: number): string {
  return `${protocol >>> 16}.${protocol & 0xffff}`;
}
