import fc from "fast-check";
import { expect, test } from "vitest";
import type { InstanceReport, InstanceState, MeasuredLag } from "../model/instance.ts";
import type { OperationId, RegionId } from "../model/region.ts";
import {
  blankRecord,
  createdRecord,
  database,
  east,
  emptyReport,
  epoch,
  lagOf,
  ours,
  position,
  theirs,
  west,
} from "../../test/database-fixtures.ts";
import { decide, type InstanceView, type SystemView } from "./decide.ts";
import type { SystemRecord } from "./records.ts";

const record = blankRecord({ members: [east, west] });
const created = createdRecord({ members: [east, west], candidates: [west] });

const empty = emptyReport();
const serving: InstanceReport = { ...empty, state: { kind: "serving" }, systemId: ours };
const catchingUp: InstanceReport = {
  ...serving,
  state: { kind: "catching-up", because: "no upstream" },
};

function slotOf(region: RegionId, slotIsIntact: boolean): MeasuredLag {
  return lagOf(region, { isStreaming: false, slotIsIntact });
}

function instance(region: RegionId, report?: InstanceReport, mayTry = true): InstanceView {
  return { id: { database, region, number: 1 }, report, mayTry };
}

type Seen = Omit<SystemView, "rejoin" | "leftovers"> & Partial<SystemView>;
const decideOn = (view: Seen): ReturnType<typeof decide> =>
  decide({ rejoin: "automatic", leftovers: [], ...view });
const kinds = (view: Seen): string[] => decideOn(view).map(({ kind }) => kind);

test("D1: an empty writer is created, once its agent reports", () => {
  const view = { record, instances: [instance(east, empty), instance(west)] };
  expect(decideOn(view)).toMatchObject([{ kind: "create", instance: { region: east } }]);
  expect(kinds({ record, instances: [instance(east), instance(west, empty)] })).toEqual(["wait"]);
});

test("D1: nothing is created while any instance holds data that nobody asked for", () => {
  const stranger = { ...serving, systemId: theirs };
  for (const isCreating of [false, true]) {
    const asked = { ...record, isCreating };
    const view = { record: asked, instances: [instance(east, empty), instance(west, stranger)] };
    expect(kinds(view)).toEqual(["wait"]);
  }
  expect(kinds({ record, instances: [instance(east, stranger)] })).toEqual(["wait"]);
});

test("D2: the writer's system id is recorded when its creation was asked for", () => {
  const view = { record: { ...record, isCreating: true }, instances: [instance(east, serving)] };
  expect(decideOn(view)).toMatchObject([{ kind: "record-system-id", systemId: ours }]);
});

test("D3: a database system that was created is never created again, whatever its writer holds", () => {
  const reports = [undefined, empty, serving, { ...serving, systemId: theirs }];
  for (const report of reports) {
    const found = kinds({ record: created, instances: [instance(east, report)] });
    expect(found).toEqual(["wait"]);
  }
});

test("D4: an empty secondary is cloned when its upstream serves, and not before", () => {
  const at = (writer?: InstanceReport): Seen => ({
    record: created,
    instances: [instance(east, writer), instance(west, empty)],
  });
  expect(decideOn(at(serving))).toMatchObject([
    { kind: "clone", instance: { region: west }, systemId: ours, replace: false },
  ]);
  expect(kinds(at(undefined))).toEqual(["wait"]);
  expect(kinds(at({ ...serving, state: { kind: "starting", because: "" } }))).toEqual(["wait"]);
});

test("D4: a failed clone leaves nothing behind, so a failed secondary without data is cloned again", () => {
  const state: InstanceState = { kind: "failed", because: "the link was cut", code: "x" };
  const instances = [instance(east, serving), instance(west, { ...empty, state })];
  expect(kinds({ record: created, instances })).toEqual(["clone"]);
});

test("D4: the second instance of a Region is cloned from the first", () => {
  const second = { id: { database, region: west, number: 2 }, report: empty, mayTry: true };
  const at = (first: InstanceReport): Seen => ({
    record: created,
    instances: [instance(east, serving), instance(west, first), second],
  });
  expect(kinds(at(catchingUp))).toEqual(["wait"]);
  expect(decideOn(at(serving))).toMatchObject([{ kind: "clone", instance: { number: 2 } }]);
});

test("D6: a secondary whose WAL its upstream has lost is built anew, unless it serves", () => {
  const writer = { ...serving, lags: [slotOf(west, false)] };
  const at = (secondary: InstanceReport): Seen => ({
    record: created,
    instances: [instance(east, writer), instance(west, secondary)],
  });
  expect(decideOn(at(catchingUp))).toMatchObject([{ kind: "clone", replace: true }]);
  expect(kinds(at(serving))).toEqual(["wait"]);
});

test("D6: data of another database system are never replaced", () => {
  const writer = { ...serving, lags: [slotOf(west, false)] };
  const foreign = { ...catchingUp, systemId: theirs };
  const instances = [instance(east, writer), instance(west, foreign)];
  expect(kinds({ record: created, instances })).toEqual(["wait"]);
});

test("D7: an instance that is busy with a command gets no other", () => {
  const command = { id: "a", outcome: "running", because: "clone", result: undefined } as const;
  const instances = [instance(east, serving), instance(west, { ...empty, command })];
  expect(kinds({ record: created, instances })).toEqual(["wait"]);
});

test("D8: nothing is tried again before its time", () => {
  expect(kinds({ record, instances: [instance(east, empty, false)] })).toEqual(["wait"]);
  const instances = [instance(east, serving), instance(west, empty, false)];
  expect(kinds({ record: created, instances })).toEqual(["wait"]);
});

test("O1: while an operation holds the system, nothing is mended and nothing is made a candidate", () => {
  const held = { ...created, candidates: [], operation: "switchover-orders-6" as OperationId };
  const instances = [instance(east, serving), instance(west, empty)];
  expect(kinds({ record: held, instances })).toEqual(["wait"]);
});

test("D12: what a condemned Region holds becomes evidence first, then it is absolved, and only then cloned", () => {
  const condemned = { ...created, candidates: [], condemned: [west] };
  const at = (told: SystemRecord, secondary: InstanceReport): string[] =>
    kinds({ record: told, instances: [instance(east, serving), instance(west, secondary)] });
  expect(at(condemned, serving)).toEqual(["set-aside"]);
  expect(at(condemned, { ...serving, state: { kind: "stopped", because: "" } })).toEqual([
    "set-aside",
  ]);
  expect(at(condemned, empty)).toEqual(["absolve"]);
  expect(at({ ...condemned, condemned: [] }, empty)).toEqual(["clone"]);
});

test("D12: what is past the fork becomes evidence by itself, unless a person has to say so", () => {
  const diverged = { ...serving, state: { kind: "diverged", because: "past the fork" } } as const;
  const instances = [instance(east, serving), instance(west, diverged)];
  expect(kinds({ record: created, instances })).toEqual(["set-aside"]);
  expect(kinds({ record: created, rejoin: "manual", instances })).toEqual(["wait"]);
});

test("D11: a secondary that streams is asked for first, and a candidate once the writer's agent heard it", () => {
  const alone = { ...created, candidates: [] };
  const asked = { ...alone, version: 6, asked: [west] };
  const at = (told: SystemRecord, first: InstanceReport, other: InstanceReport): Seen => ({
    record: told,
    instances: [instance(east, first), instance(west, other)],
  });
  const current = { epoch: epoch(1), version: 5 };
  const writer = { ...serving, ...current };
  const secondary: InstanceReport = { ...writer, role: "secondary", position: position(1, 1_000) };
  expect(decideOn(at(alone, writer, secondary))).toMatchObject([
    { kind: "ask-candidate", region: west },
  ]);
  expect(kinds(at(alone, writer, { ...catchingUp, ...current }))).toEqual(["wait"]);
  expect(kinds(at(alone, writer, { ...secondary, epoch: epoch(0) }))).toEqual(["wait"]);
  expect(kinds(at(asked, writer, secondary))).toEqual(["wait"]);
  expect(kinds(at(asked, { ...writer, version: 6, epoch: epoch(0) }, secondary))).toEqual(["wait"]);
  expect(decideOn(at(asked, { ...writer, version: 6 }, secondary))).toMatchObject([
    { kind: "accept-candidates", regions: [west] },
  ]);
});

const anyState = fc.constantFrom<InstanceState>(
  { kind: "absent" },
  { kind: "creating" },
  { kind: "stopped", because: "" },
  { kind: "serving" },
  { kind: "catching-up", because: "" },
  { kind: "fenced", because: "" },
  { kind: "promoting" },
  { kind: "diverged", because: "" },
  { kind: "failed", because: "", code: "x" },
);
const anyReport = fc.option(
  fc.record({
    state: anyState,
    systemId: fc.constantFrom(undefined, ours, theirs),
    lags: fc.constantFrom([], [slotOf(west, true)], [slotOf(west, false)]),
    command: fc.constantFrom(undefined, {
      id: "a",
      outcome: "running",
      because: "",
      result: undefined,
    } as const),
  }),
  { nil: undefined },
);
const anyInstance = (region: RegionId): fc.Arbitrary<InstanceView> =>
  fc.tuple(anyReport, fc.boolean()).map(([report, mayTry]) => ({
    id: { database, region, number: 1 },
    report: report && { ...empty, ...report },
    mayTry,
  }));
const anyView: fc.Arbitrary<Seen> = fc.record({
  record: fc
    .record({
      systemId: fc.constantFrom(undefined, ours),
      isCreating: fc.boolean(),
      condemned: fc.constantFrom<RegionId[]>([], [west]),
      operation: fc.constantFrom(undefined, undefined, "switchover-orders-6" as OperationId),
    })
    .map((drawn) => ({ ...record, ...drawn })),
  instances: fc.tuple(anyInstance(east), anyInstance(west)),
});

test("D5: whatever is seen, a command goes only to an instance whose agent reports", () => {
  fc.assert(
    fc.property(anyView, (view) => {
      for (const decision of decideOn(view)) {
        if (!("instance" in decision)) continue;
        const target = view.instances.find(({ id }) => id.region === decision.instance.region);
        expect(target?.report).toBeDefined();
        expect(target?.mayTry).toBe(true);
        expect(target?.report?.command).toBeUndefined();
      }
    }),
  );
});

test("D3: whatever is seen, create and record come only before there is a system id, clone only after", () => {
  fc.assert(
    fc.property(anyView, (view) => {
      const { systemId } = view.record;
      for (const decision of decideOn(view)) {
        const isClone = decision.kind === "clone";
        const isCreation = decision.kind === "create" || decision.kind === "record-system-id";
        expect(isClone && decision.systemId !== systemId).toBe(false);
        expect(isCreation && systemId !== undefined).toBe(false);
        expect(decision.because).not.toBe("");
      }
    }),
  );
});

test("D6: whatever is seen, data are replaced only on a secondary that holds a copy of this system", () => {
  fc.assert(
    fc.property(anyView, (view) => {
      for (const decision of decideOn(view)) {
        if (decision.kind !== "clone" || !decision.replace) continue;
        expect(decision.instance.region).toBe(west);
        expect(view.instances[1]?.report?.systemId).toBe(ours);
      }
    }),
  );
});

test("D12: whatever is seen, a condemned Region is never cloned into, and the writer is never set aside", () => {
  fc.assert(
    fc.property(anyView, (view) => {
      for (const decision of decideOn(view)) {
        const isClone = decision.kind === "clone";
        expect(isClone && view.record.condemned.includes(decision.instance.region)).toBe(false);
        expect(decision.kind === "set-aside" && decision.instance.region === east).toBe(false);
      }
    }),
  );
});

test("D13: what a Region holds that is no member any more is discarded, once it is heard", () => {
  const view = { record: createdRecord({ members: [east] }), instances: [instance(east, serving)] };
  expect(kinds({ ...view, leftovers: [instance(west, serving)] })).toContain("discard");
  expect(kinds({ ...view, leftovers: [instance(west, empty)] })).not.toContain("discard");
  expect(kinds({ ...view, leftovers: [instance(west)] })).not.toContain("discard");
  const others = { ...serving, systemId: theirs };
  expect(kinds({ ...view, leftovers: [instance(west, others)] })).not.toContain("discard");
});
