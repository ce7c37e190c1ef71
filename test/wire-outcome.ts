import { WireError } from "../src/wire/postgres/wire-error.ts";

/** For tests with garbage: a value and a WireError are in order; anything else is thrown on, and fails the test. */
export function outcomeOf(action: () => unknown): "value" | "WireError" {
  try {
    action();
    return "value";
  } catch (error) {
    if (error instanceof WireError) return "WireError";
    throw error;
  }
}
