/** What can go wrong in the world outside: thrown with a code, a message, and, from `failure-table.ts`, a way out. */
import { failures, type FailureSpec } from "./failure-table.ts";

export type FailureCode = keyof typeof failures;

/** A failure of the world, never of this program. The message says what was tried, on what, and why it failed. */
export class Failure extends Error {
  override readonly name = "Failure";
  readonly code: FailureCode;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(
    code: FailureCode,
    message: string,
    options: {
      readonly cause?: unknown;
      readonly details?: Readonly<Record<string, unknown>>;
    } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.details = options.details ?? {};
  }

  get spec(): FailureSpec {
    return failures[this.code];
  }

  get hint(): string {
    return this.spec.hint;
  }
}

export function isFailureCode(code: string): code is FailureCode {
  return Object.hasOwn(failures, code);
}

/** The message of anything that was thrown, with its causes, for a log line or a person. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause === undefined ? "" : `: ${describeError(error.cause)}`;
  return `${error.message || error.name}${cause}`;
}
