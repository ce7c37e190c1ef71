import { expect, test } from "vitest";
import { anInstance, aSystem, east, someLag, west } from "../../test/system-snapshot.ts";
import type { SystemSnapshot } from "../database/system-snapshot.ts";
import type { InstanceState } from "../model/instance.ts";
import type { Epoch } from "../model/region.ts";
import type { NamedDatabase } from "../routing/routing.ts";
import { dataFacts, namedDatabases } from "./named-databases.ts";

const catchingUp: InstanceState = { kind: "catching-up", because: "its upstream is away" };
const starting: InstanceState = { kind: "starting", because: "the Region starts" };

function named(snapshot: SystemSnapshot, isNew = false): NamedDatabase | undefined {
  return namedDatabases([snapshot], { isNew })[0];
}

function serving(snapshot: SystemSnapshot, isNew = false): readonly (boolean | undefined)[] {
  return named(snapshot, isNew)?.members.map(({ servesReads }) => servesReads) ?? [];
}

const withRecord = (fields: Partial<SystemSnapshot["record"]>): SystemSnapshot => {
  const snapshot = aSystem([anInstance(east, { state: starting }), anInstance(west)]);
  return { ...snapshot, record: { ...snapshot.record, ...fields } };
};

test("a global database has one primary, and every member that serves can be read", () => {
  expect(named(aSystem())).toEqual({
    database: "orders",
    kind: "global",
    primary: east,
    acceptsWrites: true,
    members: [
      { region: east, servesReads: true },
      { region: west, servesReads: true },
    ],
  });
});

test("a first writer accepts writes once it serves, and a promoted one from its promotion on", () => {
  expect(named(withRecord({}))?.acceptsWrites).toBe(false);
  expect(named(withRecord({ epoch: 2 as Epoch }))?.acceptsWrites).toBe(true);
  expect(named(withRecord({ epoch: 2 as Epoch, isPromoted: false }))?.acceptsWrites).toBe(false);
  expect(named(withRecord({ epoch: 2 as Epoch, systemId: undefined }))?.acceptsWrites).toBe(false);
});

test("T12: a Region whose last report was forgotten, or is old, cannot be read", () => {
  const forgotten = aSystem([anInstance(east, { ageMs: undefined }), anInstance(west)]);
  expect(serving(forgotten)).toEqual([false, true]);
  const old = aSystem([anInstance(east), anInstance(west, { ageMs: 3_001 })]);
  expect(serving(old)).toEqual([true, false]);
  const fresh = aSystem([anInstance(east), anInstance(west, { ageMs: 3_000 })]);
  expect(serving(fresh)).toEqual([true, true]);
});

test("T12: a controller that is new does not judge whom it has not heard", () => {
  const unheard = aSystem([anInstance(east, { ageMs: undefined }), anInstance(west)]);
  expect(serving(unheard, true)).toEqual([undefined, true]);
});

test("T12: a copy that follows nobody is read only where no other can be", () => {
  const behind = anInstance(west, { state: catchingUp });
  expect(serving(aSystem([anInstance(east), behind]))).toEqual([true, false]);
  // The writer's Region is gone, so that its secondary has nothing to stream from.
  expect(serving(aSystem([anInstance(east, { ageMs: undefined }), behind]))).toEqual([false, true]);
  expect(serving(aSystem([anInstance(east, { ageMs: undefined }), behind]), true)).toEqual([
    undefined,
    false,
  ]);
});

test("a local database is one database, whose Regions answer for themselves", () => {
  const parts = [east, west].map((region) => {
    const state = region === east ? { state: starting } : {};
    const snapshot = aSystem([anInstance(region, state)]);
    return {
      ...snapshot,
      system: { ...snapshot.system, kind: "local" as const },
      record: { ...snapshot.record, primary: region, members: [region] },
    };
  });
  expect(namedDatabases(parts, { isNew: false })).toMatchObject([
    {
      kind: "local",
      members: [
        { region: east, servesReads: false },
        { region: west, servesReads: true },
      ],
    },
  ]);
});

test("T6: a lag is the writer's own measure, and unknown without a fresh one of each copy", () => {
  const lagOf = (instances?: SystemSnapshot["instances"]): unknown =>
    dataFacts([aSystem(instances)]).databases[0]?.copies.map(({ lagMs }) => lagMs);
  expect(lagOf()).toEqual([0, 1_500.4]);
  expect(lagOf([anInstance(east, { lags: [someLag], ageMs: 3_001 }), anInstance(west)])).toEqual([
    0,
    undefined,
  ]);
  const worse = { ...someLag, number: 2, lagMs: 2_000 };
  expect(lagOf([anInstance(east, { lags: [someLag, worse] })])).toEqual([0, 2_000]);
  const unknown = { ...worse, lagMs: undefined };
  expect(lagOf([anInstance(east, { lags: [someLag, unknown] })])).toEqual([0, undefined]);
});

test("T7: a fence is proved unless a failover still waits for the old lease to end", () => {
  const isProved = (isFencing: boolean, leaseLeftMs: number): unknown =>
    dataFacts([{ ...withRecord({ isFencing }), leaseLeftMs }]).databases[0]?.isFenceProved;
  expect([isProved(false, 500), isProved(true, 500), isProved(true, 0)]).toEqual([
    true,
    false,
    true,
  ]);
});

test("safety rules hear of global databases alone", () => {
  const snapshot = aSystem();
  const local = { ...snapshot, system: { ...snapshot.system, kind: "local" as const } };
  expect(dataFacts([local]).databases).toEqual([]);
});
