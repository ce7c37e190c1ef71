import { expect, test } from "vitest";
import type { Effect } from "../sql/sql.ts";
import { decideForget, protocolName } from "./decide-forget.ts";
import type { UnitView } from "./decide-unit.ts";

function view(effects: readonly Effect[], more: Partial<UnitView> = {}): UnitView {
  return {
    phase: { kind: "idle" },
    isLinked: false,
    meaning: { place: "anywhere", because: "", effects, isReplayable: true, count: 1 },
    mode: "forward",
    level: "session",
    isWriterHere: false,
    hasLocal: true,
    names: new Set(["mine", protocolName("größe")]),
    hasPrepared: false,
    isAsStarted: true,
    ...more,
  };
}

const deallocate = (name?: string): readonly Effect[] => [
  { kind: "deallocate", name },
  { kind: "unpin" },
];

test("a statement that the client prepared by the protocol is forgotten here, also in a transaction", () => {
  const known = { kind: "deallocate", isKnown: true };
  expect(decideForget(view(deallocate("mine")))).toMatchObject(known);
  expect(decideForget(view(deallocate("größe")))).toMatchObject(known);
  const inside = { phase: { kind: "open" }, isLinked: true } as const;
  expect(decideForget(view(deallocate("mine"), inside))).toMatchObject(known);
});

test("a name that is nobody's never reaches a server that knows others by it", () => {
  expect(decideForget(view(deallocate("L1")))).toMatchObject({ isKnown: false });
});

test("what PREPARE made is its server's to forget, and so is all of it", () => {
  const prepared = { hasPrepared: true, isLinked: true };
  expect(decideForget(view(deallocate("other"), prepared))).toBeUndefined();
  expect(decideForget(view(deallocate(), prepared))).toBeUndefined();
  expect(decideForget(view(deallocate()))).toMatchObject({ name: undefined });
});

test("DISCARD ALL goes to a server that holds something, or has to report something", () => {
  const all: readonly Effect[] = [{ kind: "discard-all" }];
  expect(decideForget(view(all))).toEqual({ kind: "discard-all" });
  expect(decideForget(view(all, { isAsStarted: false }))).toBeUndefined();
  expect(decideForget(view(all, { isLinked: true }))).toBeUndefined();
  const deferred = { kind: "deferred", sql: "BEGIN", isReadOnly: false } as const;
  expect(decideForget(view(all, { phase: deferred }))).toBeUndefined();
});
