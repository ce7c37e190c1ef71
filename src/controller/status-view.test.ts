import { describe, expect, test } from "vitest";
import { aSystem, anInstance, east, someLag, west } from "../../test/system-snapshot.ts";
import { anOperation } from "../../test/operation.ts";
import type { InstanceState } from "../model/instance.ts";
import { linkSettings, openTerms, changeLink } from "../model/link-settings.ts";
import { databaseView, linkView, regionView, type RegionFacts } from "./status-view.ts";

const addressOf = (): { host: string; port: number } => ({ host: "127.0.1.11", port: 5432 });

const facts: RegionFacts = {
  region: east,
  network: "127.0.1.0/24",
  agent: { host: "127.0.1.2", port: 7401 },
  gateway: { address: "127.0.1.1", port: 6432, state: "serving", tls: "offered", names: {} },
  power: "running",
  isIsolated: false,
  reportAgeMs: 100,
  instances: [anInstance(east)],
};

const inState = (...states: readonly InstanceState[]): RegionFacts => ({
  ...facts,
  instances: states.map((state) => anInstance(east, { state })),
});

const because = "it was asked to";

describe("a Region", () => {
  test.each([
    ["serving", facts],
    ["killed", { ...facts, power: "killed", isIsolated: true }],
    ["stopped", { ...facts, power: "stopped" }],
    ["isolated", { ...facts, isIsolated: true }],
    ["starting", { ...facts, reportAgeMs: undefined }],
    ["unreachable", { ...facts, reportAgeMs: 3_001 }],
    ["fenced", inState({ kind: "fenced", because })],
    ["starting", inState({ kind: "serving" }, { kind: "creating" })],
    ["degraded", inState({ kind: "serving" }, { kind: "failed", because, code: "disk.full" })],
    ["degraded", inState({ kind: "serving" }, { kind: "catching-up", because })],
    ["degraded", inState({ kind: "diverged", because })],
    ["starting", inState({ kind: "serving" }, { kind: "promoting" })],
    ["serving", { ...facts, instances: [] }],
  ] as const)("is %s", (state, seen) => {
    expect(regionView(seen).state).toBe(state);
  });
});

describe("a database", () => {
  test("shows its writer, and the lag that the writer measured", () => {
    const view = databaseView([aSystem()], addressOf);
    expect(view).toMatchObject({ kind: "global", epoch: 1, primary: east });
    expect(view.writer).toMatchObject({ region: east, state: "serving" });
    expect(view.members[east]).toMatchObject({ role: "primary", lagBytes: 0, lagMs: 0 });
    expect(view.members[west]).toMatchObject({
      role: "secondary",
      lagBytes: 4_096,
      lagMs: 1_500,
      rpoLagMs: 250,
      lagAgeMs: 100,
    });
  });

  test("shows the lease, what a failover would lose, and who could be promoted", () => {
    const view = databaseView([aSystem()], addressOf);
    expect(view).toMatchObject({
      lease: { state: "held", leftMs: 3_500, from: "controller" },
      fence: { state: "none", because: null },
      estimatedLoss: { [west]: { transactions: 3, bytes: 1_229, ms: 40 } },
      candidates: [west],
      failover: "manual",
      operation: null,
      rpoGuard: { state: "off", limitMs: 0 },
      evidenceSlots: { slots: 1, retainedBytes: 16_384, isIntact: true },
    });
  });

  test("is never shown as fenced because its lease is over: others may have promised it more", () => {
    const system = aSystem();
    const fencing = { ...system, record: { ...system.record, isFencing: true } };
    expect(databaseView([fencing], addressOf).fence?.state).toBe("fencing");
    const over = databaseView([{ ...fencing, leaseLeftMs: 0 }], addressOf);
    expect(over).toMatchObject({ lease: { state: "over" }, fence: { state: "lease-over" } });
    const fenced = anInstance(east, { state: { kind: "fenced", because: "its lease ran out" } });
    expect(databaseView([aSystem([fenced, anInstance(west)])], addressOf).fence).toEqual({
      state: "fenced",
      because: "its lease ran out",
    });
  });

  test("whose writer is silent has an RPO guard and evidence slots that nobody knows", () => {
    const { system, ...rest } = aSystem([anInstance(east, { ageMs: 60_000 }), anInstance(west)]);
    const guarded = { ...rest, system: { ...system, rpoGuardMs: 5_000 } };
    const view = databaseView([guarded], addressOf);
    expect(view).toMatchObject({ rpoGuard: { state: "unknown" }, evidenceSlots: null });
  });

  test("shows the operation that is under way, and Regions that belong to it only", () => {
    const { record, ...rest } = aSystem();
    const alone = {
      ...rest,
      operation: anOperation(),
      record: { ...record, members: [east], candidates: [] },
    };
    const view = databaseView([alone], addressOf);
    expect(view.operation).toMatchObject({ id: "switchover-orders-2", step: "catch-up" });
    expect(Object.keys(view.members)).toEqual([east]);
    expect(view.estimatedLoss).toEqual({});
  });

  test("has no lag where the writer says none, and no state where the agent is silent", () => {
    const silent = aSystem([anInstance(east), anInstance(west, { ageMs: undefined })]);
    const { members } = databaseView([silent], addressOf);
    expect(members[west]).toMatchObject({ state: "unknown", lagBytes: null, lagAgeMs: null });
    expect(members[west]?.instances[0]).toMatchObject({ systemId: null, flushedLsn: null });
  });

  test("that is local has no epoch and no writer of its own", () => {
    const { system, ...rest } = aSystem();
    const local = { ...rest, system: { ...system, kind: "local" as const } };
    const view = databaseView([local], addressOf);
    expect(view).toMatchObject({ kind: "local", epoch: null, primary: null, writer: null });
  });

  test("shows how far a clone is, and how long it takes where that is known", () => {
    const cloning = { kind: "cloning", receivedBytes: 25, totalBytes: 100 } as const;
    const progressAt = (bytesPerSecond: number): unknown => {
      const state = { ...cloning, bytesPerSecond };
      const seen = aSystem([anInstance(east, { lags: [someLag] }), anInstance(west, { state })]);
      return databaseView([seen], addressOf).members[west]?.instances[0]?.progress;
    };
    expect(progressAt(50)).toMatchObject({ receivedBytes: 25, totalBytes: 100, leftMs: 1_500 });
    expect(progressAt(0)).toMatchObject({ leftMs: null });
  });
});

describe("a link", () => {
  const link = linkSettings([east, west], { ...openTerms, rttMs: 60 });

  test("is up, one-way or down, by its directions", () => {
    const oneWay = changeLink(link, { isUp: false }, { kind: "one-way", from: west });
    expect(linkView(link, false, [])).toMatchObject({ state: "up", rttMs: 60 });
    expect(linkView(oneWay, false, [])).toMatchObject({ state: "one-way" });
    expect(linkView(link, true, [])).toMatchObject({ state: "down", isIsolated: true });
  });

  test("shows what each direction carries, and nothing where that is not known", () => {
    const carried = { openFlows: 2, deliveredBytes: { control: 10, data: 90 }, queuedBytes: 5 };
    const { directions } = linkView(link, false, [{ from: west, to: east, ...carried }]);
    expect(directions[0]).toMatchObject({ from: east, openFlows: 0, deliveredBytes: 0 });
    expect(directions[1]).toMatchObject({ from: west, openFlows: 2, deliveredBytes: 100 });
  });
});
