/** How messages and failures look between two programs. The real network sends it, the simulated one copies it. */
import { describeError, Failure, isFailureCode } from "../model/failure.ts";
import type { Json } from "./env.ts";

/** The largest message, either way. Ours are reports and commands of a few KiB; whole data never goes this way. */
export const messageBytesMax = 4 * 2 ** 20;

/** A refusal as the peer sends it. */
export type WireFailure = {
  readonly code: string;
  readonly message: string;
  readonly details: { readonly [key: string]: Json };
};

/** @throws Failure `network.message-invalid` when it is too long */
export function encodeMessage(message: Json): string {
  const text = JSON.stringify(message);
  const bytes = Buffer.byteLength(text);
  if (bytes > messageBytesMax) throw tooLong(`a message of ${bytes} bytes was not sent`);
  return text;
}

/** @throws Failure `network.message-invalid` */
export function decodeMessage(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch (cause) {
    throw new Failure("network.message-invalid", "a message came that is not JSON", { cause });
  }
}

export function tooLong(what: string): Failure {
  return new Failure("network.message-invalid", `${what}: the limit is ${messageBytesMax} bytes`);
}

/** Causes are told in the message; a peer cannot see more of them. */
export function failureToWire(failure: Failure): WireFailure {
  const { code, details } = failure;
  const plain = JSON.parse(JSON.stringify(details)) as WireFailure["details"];
  return { code, message: describeError(failure), details: plain };
}

/** The peer's own Failure; `network.message-invalid` when it is none that this version knows. */
export function failureFromWire(answer: Json, from: string): Failure {
  const { code, message, details } = (answer ?? {}) as Partial<WireFailure>;
  if (typeof code === "string" && isFailureCode(code) && typeof message === "string")
    return new Failure(code, message, { details: details ?? {} });
  const text = `${from} refused in words that this version does not know: ${JSON.stringify(answer)}`;
  return new Failure("network.message-invalid", text.slice(0, 1_000));
}

/**
 * What to tell the peer about an error of a handler. One that is no Failure is a bug of this program: it goes to
 * `onBug`, and the peer learns no more than that there was one.
 */
export function refusalFor(error: unknown, onBug: (bug: unknown) => void): Failure {
  if (error instanceof Failure) return error;
  onBug(error);
  return new Failure("network.peer-failed", "the program that was asked met a bug in itself");
}

/** Whether a handler may well throw this once nobody waits for its answer. */
export function isGivingUp(error: unknown): boolean {
  return error instanceof Failure || (error instanceof Error && error.name === "AbortError");
}
