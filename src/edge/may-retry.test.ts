import { expect, test } from "vitest";
import { mayRetry, type AttemptEnd, type RetryRule } from "./may-retry.ts";

const notSent: AttemptEnd = { kind: "not-sent" };
const lost: AttemptEnd = { kind: "lost" };
const answered = (status: number): AttemptEnd => ({ kind: "answered", status });

test.for<readonly [RetryRule, string, AttemptEnd, boolean]>([
  ["entry", "POST", notSent, true],
  ["entry", "POST", lost, false],
  ["entry", "PATCH", lost, false],
  ["entry", "GET", lost, true],
  ["entry", "PUT", lost, true],
  ["entry", "DELETE", lost, true],
  ["entry", "GET", answered(500), false],
  ["entry", "GET", answered(503), false],
  ["distribution", "GET", answered(500), true],
  ["distribution", "HEAD", answered(504), true],
  ["distribution", "OPTIONS", lost, true],
  ["distribution", "GET", answered(404), false],
  ["distribution", "PUT", notSent, false],
  ["distribution", "POST", notSent, false],
  ["distribution", "DELETE", answered(503), false],
])("%s: %s after %o is sent again: %s", ([rule, method, end, expected]) => {
  expect(mayRetry(rule, method, end, true)).toBe(expected);
});

test("a body that is not whole any more is never sent again", () => {
  expect(mayRetry("entry", "PUT", notSent, false)).toBe(false);
  expect(mayRetry("distribution", "GET", notSent, false)).toBe(false);
});
