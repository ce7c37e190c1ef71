import { expect, test } from "vitest";
import {
  east,
  europe,
  epoch,
  lagOf,
  lsn,
  operationOf,
  ours,
  secondaryReport,
  west,
  writerReport,
} from "../../test/database-fixtures.ts";
import { came, viewOf, type Shown } from "../../test/operation-views.ts";
import type { StepDecision } from "../engine/engine.ts";
import type { CommandResult, MeasuredLag } from "../model/instance.ts";
import type { OperationDeed } from "./operation-view.ts";
import { switchoverPlan } from "./switchover-steps.ts";

const operation = operationOf("switchover");

function decide(name: string, shown: Shown = {}): StepDecision<OperationDeed> {
  const steps = [...switchoverPlan.beforeClaim, ...switchoverPlan.afterClaim];
  const step = steps.find((one) => one.name === name);
  if (!step) throw new Error(`there is no step ${name}`);
  return step.decide(viewOf({ ...operation, step: name }, shown));
}

/** The commands that a step asks for, as `region kind`. */
function asked(decision: StepDecision<OperationDeed>): readonly string[] {
  if (decision.kind !== "do") return [];
  return decision.deeds.map(({ instance, action }) => `${instance.region} ${action.kind}`);
}

const token: CommandResult = { kind: "token", systemId: ours, timeline: 1, lsn: lsn(2_000) };
const at = (replayed: number, timeline = 1): CommandResult => {
  return { kind: "position", timeline, replayedLsn: lsn(replayed) };
};
const lag = (fields: Partial<MeasuredLag>): Shown => ({
  reports: { [east]: writerReport({ lags: [lagOf(west, fields)] }) },
});

test("a switchover begins when the target has nearly everything, as the writer measures it", () => {
  expect(decide("catch-up", lag({ lagBytes: 1024 * 1024 })).kind).toBe("done");
  expect(decide("catch-up", lag({ lagBytes: 1024 * 1024 + 1 })).kind).toBe("wait");
  expect(decide("catch-up", lag({ lagBytes: undefined })).kind).toBe("wait");
  expect(decide("catch-up", lag({ isStreaming: false })).kind).toBe("wait");
  expect(decide("catch-up", { reports: { [east]: writerReport({ lags: [] }) } }).kind).toBe("wait");
  expect(decide("catch-up").kind).toBe("give-up");
});

test("a third Region that lags is waited for as well: the old writer's shutdown would wait for it", () => {
  const lags = [lagOf(west), lagOf(europe, { lagBytes: 2 ** 30 })];
  const view = { reports: { [east]: writerReport({ lags }) } };
  expect(decide("catch-up", view).kind).toBe("wait");
  const away = [lagOf(west), lagOf(europe, { lagBytes: 2 ** 30, isStreaming: false })];
  expect(decide("catch-up", { reports: { [east]: writerReport({ lags: away }) } }).kind).toBe(
    "done",
  );
});

test("the old writer writes its checkpoint before anybody holds writes", () => {
  const reports = { [east]: writerReport() };
  expect(asked(decide("checkpoint", { reports }))).toEqual(["us-east-1 checkpoint"]);
  const running = { reports, progress: came(east, "checkpoint", "running") };
  expect(asked(decide("checkpoint", running))).toEqual(["us-east-1 checkpoint"]);
  expect(decide("checkpoint").kind).toBe("give-up");
  expect(decide("checkpoint", { progress: came(east, "checkpoint", "done") }).kind).toBe("done");
  expect(decide("checkpoint", { progress: came(east, "checkpoint", "failed") })).toEqual({
    kind: "give-up",
    because: "checkpoint failed",
  });
});

test("the target watches the old writer before anybody holds writes", () => {
  const first = decide("prepare");
  expect(asked(first)).toEqual(["us-west-2 await-handover"]);
  expect(first).toMatchObject({
    deeds: [{ action: { upstream: { address: { host: "us-west-2>us-east-1" } } } }],
  });
  // That it began is not enough: it may not have reached the old writer yet.
  expect(decide("prepare", { progress: came(west, "await-handover", "running") }).kind).toBe("do");
  const watching = (isProbing: boolean): Shown => ({
    progress: came(west, "await-handover", "running", { kind: "watching", isProbing }),
  });
  expect(decide("prepare", watching(true)).kind).toBe("done");
  expect(decide("prepare", watching(false)).kind).toBe("give-up");
  expect(decide("prepare", { progress: came(west, "await-handover", "failed") }).kind).toBe(
    "give-up",
  );
});

/** What the two Regions said of the hand-over, and what follows. */
const handOvers: readonly (readonly [
  what: string,
  progress: Shown["progress"],
  kind: StepDecision<OperationDeed>["kind"],
])[] = [
  ["nobody answered yet", {}, "do"],
  ["the old writer is shutting down", came(east, "hand-over", "running"), "do"],
  ["the target has not replayed yet", came(east, "hand-over", "done", token), "do"],
  ["the old writer could not", came(east, "hand-over", "failed"), "give-up"],
  [
    "the target could not",
    { ...came(east, "hand-over", "done", token), ...came(west, "await-handover", "failed") },
    "give-up",
  ],
  [
    "the target's stream ended before the old writer was asked",
    came(west, "await-handover", "done", at(9_999)),
    "give-up",
  ],
  [
    "the target's stream ended and there is no token",
    {
      ...came(east, "hand-over", "running"),
      ...came(west, "await-handover", "done", at(9_999)),
    },
    "do",
  ],
  [
    "the target replayed up to the token, and not the record there",
    {
      ...came(east, "hand-over", "done", token),
      ...came(west, "await-handover", "done", at(2_000)),
    },
    "give-up",
  ],
  [
    "the target is on another timeline",
    {
      ...came(east, "hand-over", "done", token),
      ...came(west, "await-handover", "done", at(9_999, 2)),
    },
    "give-up",
  ],
  [
    "the old writer says that it is done, and has no token",
    {
      ...came(east, "hand-over", "done"),
      ...came(west, "await-handover", "done", at(9_999)),
    },
    "do",
  ],
];

test.for(handOvers)("O3: nothing is claimed when %s", ([, progress, kind]) => {
  expect(decide("hand-over", { progress: progress ?? {} }).kind).toBe(kind);
});

test("O3: it is claimed with the token, once the target has replayed beyond it", () => {
  const progress = {
    ...came(east, "hand-over", "done", token),
    ...came(west, "await-handover", "done", at(2_001)),
  };
  expect(decide("hand-over", { progress })).toMatchObject({
    kind: "done",
    learnt: { token: { timeline: 1, lsn: lsn(2_000) } },
  });
});

test("the old writer has back its place when it streams in the new epoch", () => {
  const after = (fields: Parameters<typeof secondaryReport>[0]): Shown => ({
    reports: { [east]: secondaryReport(fields) },
  });
  expect(decide("follow", after({})).kind).toBe("done");
  expect(decide("follow", after({ role: "primary" })).kind).toBe("wait");
  expect(decide("follow", after({ epoch: epoch(0) })).kind).toBe("wait");
  expect(decide("follow", after({ state: { kind: "starting", because: "" } })).kind).toBe("wait");
  expect(decide("follow")).toEqual({ kind: "wait", because: "us-east-1 is silent" });
});

test("a promotion is tried until it succeeds, and what it found out is kept", () => {
  const fork = { timeline: 2, parent: 1, lsn: lsn(2_100) };
  expect(asked(decide("promote"))).toEqual(["us-west-2 promote"]);
  const failed = decide("promote", { progress: came(west, "promote", "failed") });
  expect(asked(failed)).toEqual(["us-west-2 promote"]);
  expect(failed.because).toBe("it is tried again: promote failed");
  const promoted: CommandResult = { kind: "promoted", fork, writePauseMs: 300 };
  expect(decide("promote", { progress: came(west, "promote", "done", promoted) })).toMatchObject({
    kind: "done",
    learnt: { fork, writePauseMs: 300 },
  });
});
