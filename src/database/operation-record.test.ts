import fc from "fast-check";
import { expect, test } from "vitest";
import { epoch, lsn, operationOf } from "../../test/database-fixtures.ts";
import type { Operation } from "../model/operation.ts";
import type { Entry, Revision } from "../store/store.ts";
import { formatOperation, operationKey, parseOperation } from "./operation-record.ts";

function entryOf(value: string): Entry {
  const revision = 1 as Revision;
  const key = operationKey(operationOf("failover").id);
  return {
    key,
    value,
    createRevision: revision,
    modRevision: revision,
    version: 1,
    lease: undefined,
  };
}

const anyMs = fc.option(fc.nat(), { nil: undefined });
const anyLsn = fc.nat().map(lsn);
const anyOperation: fc.Arbitrary<Operation> = fc
  .record({
    epoch: fc.nat().map(epoch),
    phase: fc.constantFrom<Operation["phase"][]>("before-claim", "claimed", "ended"),
    outcome: fc.constantFrom<Operation["outcome"][]>("running", "completed", "failed"),
    steps: fc.array(
      fc.record({ name: fc.string(), startedWallMs: fc.nat(), ms: anyMs, because: fc.string() }),
    ),
    isCancelled: fc.boolean(),
    overrideFence: fc.option(fc.string(), { nil: undefined }),
    pins: fc.constantFrom("refuse", "end"),
    token: fc.option(fc.record({ timeline: fc.nat(), lsn: anyLsn }), { nil: undefined }),
    fork: fc.option(fc.record({ timeline: fc.nat(), parent: fc.nat(), lsn: anyLsn }), {
      nil: undefined,
    }),
    writePauseMs: anyMs,
  })
  .map((fields) => operationOf("failover", fields));

test("whatever an operation has come to, the next controller reads what this one wrote", () => {
  fc.assert(
    fc.property(anyOperation, (operation) => {
      expect(parseOperation(entryOf(formatOperation(operation)))).toEqual(operation);
    }),
  );
});

test("a journal that cannot be understood stops whoever would go on from it", () => {
  for (const value of [
    "",
    "{}",
    formatOperation(operationOf("add")).replace('"add"', '"subtract"'),
  ]) {
    expect(() => parseOperation(entryOf(value))).toThrow("operations/failover-orders-6");
  }
});

test("a journal of before there were gateways ends no session", () => {
  const { pins: _, ...before } = JSON.parse(formatOperation(operationOf("switchover"))) as {
    readonly pins: string;
  };
  expect(parseOperation(entryOf(JSON.stringify(before))).pins).toBe("refuse");
});
