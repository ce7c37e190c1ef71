/** Whether a request whose first attempt came to nothing may be sent to somebody else. Once; nobody asks a third time. */

/**
 * `entry`: what is harmless to repeat (RFC 9110, 9.2.2), and what nobody has seen. `distribution`: reads alone, and
 * those also when the origin answers that it fails.
 */
export type RetryRule = "entry" | "distribution";

/** How an attempt ended before its answer was passed on. */
export type AttemptEnd =
  /** No application has seen it. */
  | { readonly kind: "not-sent" }
  /** It may have been carried out. */
  | { readonly kind: "lost" }
  | { readonly kind: "answered"; readonly status: number };

const idempotent: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS", "PUT", "DELETE"]);
const reads: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS"]);
const failing: ReadonlySet<number> = new Set([500, 502, 503, 504]);

/** @param bodyIsWhole there is none, nothing of it was read, or all that was read is kept */
export function mayRetry(
  rule: RetryRule,
  method: string,
  end: AttemptEnd,
  bodyIsWhole: boolean,
): boolean {
  if (!bodyIsWhole) return false;
  if (rule === "distribution") {
    return reads.has(method) && (end.kind !== "answered" || failing.has(end.status));
  }
  if (end.kind === "answered") return false;
  return end.kind === "not-sent" || idempotent.has(method);
}
