import { expect, test } from "vitest";
import type { RpoGuardState } from "../model/instance.ts";
import { decideRpoGuard, type GuardedSecondary } from "./rpo-guard.ts";

const limitMs = 1_000;
const watching: RpoGuardState = { kind: "watching" };
const holding: RpoGuardState = { kind: "holding" };
const at = (rpoLagMs: number | undefined, name = "west"): GuardedSecondary => ({
  name,
  isStreaming: true,
  rpoLagMs,
});
const after = (
  secondaries: readonly GuardedSecondary[],
  state: RpoGuardState = watching,
): RpoGuardState["kind"] => decideRpoGuard({ limitMs, secondaries, state }).state.kind;

test("A22: it holds above the limit, and lets go below half of it", () => {
  expect(after([at(1_000)])).toBe("watching");
  expect(after([at(1_001)])).toBe("holding");
  expect(after([at(500)], holding)).toBe("holding");
  expect(after([at(499)], holding)).toBe("watching");
});

test("A22: the best of several secondaries counts, and a commit waits for any that streams", () => {
  expect(after([at(9_000), at(10, "north")])).toBe("watching");
  const away = { ...at(0, "south"), isStreaming: false };
  const decision = decideRpoGuard({
    limitMs,
    secondaries: [at(9_000), at(8_000, "north"), away],
    state: watching,
  });
  expect(decision).toEqual({ state: holding, synchronous: ["north", "west"] });
});

test("A22: it never stops every write: without a secondary that streams it is suspended and says so", () => {
  const away = { ...at(60_000), isStreaming: false };
  for (const secondaries of [[], [away]]) {
    const decision = decideRpoGuard({ limitMs, secondaries, state: holding });
    expect(decision.state.kind).toBe("suspended");
    expect(decision.synchronous).toEqual([]);
  }
});

test("A22: what is not known changes nothing, and without a limit it is off", () => {
  expect(after([at(undefined)], holding)).toBe("holding");
  expect(after([at(undefined)], watching)).toBe("watching");
  const off = decideRpoGuard({ limitMs: 0, secondaries: [at(60_000)], state: holding });
  expect(off).toEqual({ state: { kind: "off" }, synchronous: [] });
});
