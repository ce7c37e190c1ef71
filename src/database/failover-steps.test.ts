import { expect, test } from "vitest";
import {
  createdRecord,
  east,
  europe,
  lsn,
  operationOf,
  position,
  secondaryReport,
  west,
} from "../../test/database-fixtures.ts";
import { came, viewOf, type Shown } from "../../test/operation-views.ts";
import type { StepDecision } from "../engine/engine.ts";
import type { InstanceReport } from "../model/instance.ts";
import type { Operation } from "../model/operation.ts";
import type { RegionId } from "../model/region.ts";
import { failoverPlan } from "./failover-steps.ts";
import type { OperationDeed } from "./operation-view.ts";

function decide(
  name: string,
  shown: Shown = {},
  fields: Partial<Operation> = {},
): StepDecision<OperationDeed> {
  const step = failoverPlan.beforeClaim.find((one) => one.name === name);
  if (!step) throw new Error(`there is no step ${name}`);
  return step.decide(viewOf(operationOf("failover", { ...fields, step: name }), shown));
}

const sealed = came(west, "seal", "done");

const unproved: readonly (readonly [what: string, shown: Shown])[] = [
  ["nobody answered, and the lease lasts", { leaseLeftMs: 900 }],
  ["the lease is over, and the target may promise more", {}],
  [
    "the lease is over, and the target is being sealed",
    { progress: came(west, "seal", "running") },
  ],
  ["the lease is over, and the target was not sealed", { progress: came(west, "seal", "failed") }],
  ["the target is sealed, and the lease lasts 1 ms", { leaseLeftMs: 1, progress: sealed }],
  ["the old writer is stopping", { progress: came(east, "fence", "running") }],
  ["the old writer could not stop", { progress: came(east, "fence", "failed") }],
  ["another Region than the target is sealed", { progress: came(europe, "seal", "done") }],
];

test.for(unproved)("O4: nothing is claimed when %s", ([, shown]) => {
  expect(decide("fence", shown).kind).toBe("do");
});

test("O4: the old writer's own answer is enough, and so is the end of its lease with a sealed target", () => {
  const stopped = came(east, "fence", "done");
  expect(decide("fence", { leaseLeftMs: 900, progress: stopped }).kind).toBe("done");
  expect(decide("fence", { progress: sealed }).kind).toBe("done");
});

test("O4: a person's word is enough, and is the reason that is kept", () => {
  expect(decide("fence", { leaseLeftMs: 900 }, { overrideFence: "pulled the plug" })).toEqual({
    kind: "done",
    learnt: {},
    because: "a person vouches for it: pulled the plug",
  });
});

test("O4: the old writer is told to stop, and the target to promise nothing in the epoch that ends", () => {
  expect(decide("fence", { leaseLeftMs: 900 })).toMatchObject({
    kind: "do",
    deeds: [
      { instance: { region: east }, action: { kind: "fence" } },
      { instance: { region: west }, action: { kind: "seal", epoch: 1 } },
    ],
  });
});

const behind = secondaryReport({ position: position(1, 1_000) });
const ahead = secondaryReport({ position: position(1, 1_500) });
const tokyo = "ap-northeast-1" as RegionId;

test("O7: the target catches up with the survivor that received the most", () => {
  const record = createdRecord({ members: [east, west, europe, tokyo] });
  const further = secondaryReport({ position: position(1, 1_700) });
  const reports = { [west]: behind, [europe]: ahead, [tokyo]: further };
  expect(decide("catch-up", { record, reports })).toMatchObject({
    kind: "do",
    deeds: [
      {
        instance: { region: west },
        action: {
          kind: "catch-up",
          untilLsn: lsn(1_700),
          upstream: { address: { host: "us-west-2>ap-northeast-1" }, slot: "" },
        },
      },
    ],
  });
});

const noneAhead: readonly (readonly [what: string, reports: Record<string, InstanceReport>])[] = [
  ["the target has as much", { [west]: ahead, [europe]: ahead }],
  ["no other survivor is heard", { [west]: behind }],
  ["only the old writer has more", { [west]: behind, [east]: ahead, [europe]: behind }],
  [
    "what is ahead is on another timeline",
    { [west]: behind, [europe]: secondaryReport({ position: position(2, 9_000) }) },
  ],
  [
    "the survivor does not know where it is",
    { [west]: behind, [europe]: secondaryReport({ position: undefined }) },
  ],
];

test.for(noneAhead)("O7: there is nothing to catch up with when %s", ([, reports]) => {
  expect(decide("catch-up", { reports }).kind).toBe("done");
});

test("O7: a Region that is no member any more is not caught up with", () => {
  const record = createdRecord({ members: [east, west] });
  const reports = { [west]: behind, [europe]: ahead };
  expect(decide("catch-up", { record, reports }).kind).toBe("done");
});

test("O7: a target that could not catch up is promoted all the same, and the reason is kept", () => {
  const reports = { [west]: behind, [europe]: ahead };
  const failed = decide("catch-up", { reports, progress: came(west, "catch-up", "failed") });
  expect(failed).toMatchObject({ kind: "done", because: expect.stringContaining("could not") });
  const took = decide("catch-up", { reports, progress: came(west, "catch-up", "done") });
  expect(took.kind).toBe("done");
});

test("a target that is not heard is waited for", () => {
  expect(decide("catch-up", { reports: { [europe]: ahead } }).kind).toBe("wait");
});
