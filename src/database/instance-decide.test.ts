import fc from "fast-check";
import { expect, test } from "vitest";
import type { Assignment } from "../model/assignment.ts";
import type { Fork } from "../model/fork.ts";
import type { Lsn } from "../model/lsn.ts";
import type { DatabaseId, Epoch, RegionId, SystemId } from "../model/region.ts";
import type { DataDirectory, DataEnd, Upstream } from "../postgres/postgres.ts";
import {
  decideInstance,
  type InstanceView,
  type Running,
  type RunningPoint,
} from "./instance-decide.ts";

const [ours, theirs] = ["7001", "7002"] as [SystemId, SystemId];
const upstream: Upstream = {
  address: { host: "127.0.1.101", port: 5432 },
  slot: "leeward_us_west_2_1",
  applicationName: "leeward_us_west_2_1",
};
const elsewhere: Upstream = { ...upstream, address: { host: "127.0.1.102", port: 5432 } };

const primary: Assignment = {
  database: "orders" as DatabaseId,
  number: 1,
  epoch: 1 as Epoch,
  version: 1,
  systemId: ours,
  role: "primary",
  writer: "us-east-1" as RegionId,
  upstream: undefined,
  slots: [],
  forks: [],
  operation: undefined,
  failsafe: [],
  rpoGuardMs: 0,
  isPromoted: true,
};
const secondary: Assignment = { ...primary, role: "secondary", upstream };
const lsn = (position: number): Lsn => BigInt(position) as Lsn;
const end: DataEnd = { timeline: 1, lsn: lsn(100), isClean: true };
const present = (
  isStandby: boolean,
  systemId = ours,
  change: Partial<DataEnd> = {},
): DataDirectory => ({
  kind: "present",
  systemId,
  isStandby,
  end: { ...end, ...change },
});
/** Timeline 2 left timeline 1 at this position. */
const forksAt = (position: number): Fork[] => [{ timeline: 2, parent: 1, lsn: lsn(position) }];
const streaming: RunningPoint = { timeline: 1, lsn: lsn(100), isStreaming: true };

const view: InstanceView = {
  assignment: primary,
  leaseIsInHand: true,
  handedOverTo: undefined,
  data: present(false),
  running: undefined,
  point: undefined,
  writesAreOpen: false,
  mayTry: true,
};
const kindOf = (change: Partial<InstanceView>): string =>
  decideInstance({ ...view, ...change }).kind;

test("A1: a primary starts with the lease in hand", () => {
  expect(decideInstance(view)).toMatchObject({ kind: "start", as: { kind: "primary" } });
  expect(kindOf({ leaseIsInHand: false })).toBe("fenced");
});

test("A3: without an assignment nothing starts, a standby that runs goes on, and a primary is fenced", () => {
  const assignment = undefined;
  expect(kindOf({ assignment })).toBe("fenced");
  expect(kindOf({ assignment, running: { kind: "adopted", isInRecovery: true } })).toBe("wait");
  expect(kindOf({ assignment, running: { kind: "adopted", isInRecovery: false } })).toBe("fence");
});

test("A4: a writer whose data are gone is refused, never started and never created", () => {
  expect(decideInstance({ ...view, data: { kind: "absent" } })).toMatchObject({
    kind: "refuse",
    code: "postgres.data-missing",
  });
});

test("A4: before the database system is recorded, missing data are no loss", () => {
  const assignment = { ...primary, systemId: undefined };
  expect(kindOf({ assignment, data: { kind: "absent" } })).toBe("wait");
  expect(kindOf({ assignment, data: present(false) })).toBe("wait");
});

test("A5: a secondary starts on its assignment alone", () => {
  const change = { assignment: secondary, data: present(true), leaseIsInHand: false };
  expect(decideInstance({ ...view, ...change })).toMatchObject({
    kind: "start",
    as: { kind: "secondary", upstream },
  });
});

test("A6: data of another database system are refused, and a server on them is stopped", () => {
  for (const assignment of [primary, secondary]) {
    const data = present(assignment === secondary, theirs);
    expect(kindOf({ assignment, data })).toBe("refuse");
    expect(kindOf({ assignment, data, running: { kind: "primary" } })).toBe("fence");
    expect(kindOf({ assignment, data, running: { kind: "fenced" } })).toBe("stop");
  }
});

test("A13: what runs as a writer where another Region is the writer is fenced at once", () => {
  for (const running of [{ kind: "primary" }, { kind: "adopted", isInRecovery: false }] as const) {
    expect(kindOf({ assignment: secondary, running, writesAreOpen: true })).toBe("fence");
  }
});

test("A14: a writer that handed over is not started again, and stopped where it still runs", () => {
  const handedOverTo = "switchover-orders-1-1";
  expect(kindOf({ handedOverTo })).toBe("wait");
  expect(kindOf({ handedOverTo, running: { kind: "primary" } })).toBe("stop");
});

test("A18: whoever is to be promoted runs as a standby, and waits for the command", () => {
  const data = present(true);
  expect(decideInstance({ ...view, data })).toMatchObject({
    kind: "start",
    as: { kind: "fenced" },
  });
  expect(kindOf({ data, running: { kind: "secondary", upstream } })).toBe("wait");
  expect(kindOf({ data, running: { kind: "adopted", isInRecovery: true } })).toBe("wait");
});

test("A18: writes are let in with the lease in hand alone, and once", () => {
  const running: Running = { kind: "primary" };
  expect(kindOf({ running })).toBe("open-writes");
  expect(kindOf({ running: { kind: "adopted", isInRecovery: false } })).toBe("open-writes");
  expect(kindOf({ running, leaseIsInHand: false })).toBe("wait");
  expect(kindOf({ running, writesAreOpen: true })).toBe("wait");
});

test("A19: a former writer comes back as it is, when it ended cleanly and before the fork", () => {
  const assignment = { ...secondary, forks: forksAt(101) };
  expect(decideInstance({ ...view, assignment })).toMatchObject({
    kind: "start",
    as: { kind: "secondary", upstream },
  });
});

test("A19: a former writer that crashed, or wrote up to the fork or beyond it, is kept as it is", () => {
  const kept = (data: DataDirectory, fork: number): string =>
    kindOf({ assignment: { ...secondary, forks: forksAt(fork) }, data });
  expect(kept(present(false, ours, { isClean: false }), 1_000)).toBe("diverged");
  // The record of its shutdown begins at its end.
  expect(kept(present(false), 100)).toBe("diverged");
  expect(kept(present(false), 99)).toBe("diverged");
});

test("A8: a former writer whose fork nobody knows yet is neither started nor given up", () => {
  expect(kindOf({ assignment: secondary })).toBe("fenced");
  expect(kindOf({ assignment: { ...secondary, upstream: undefined } })).toBe("wait");
});

test("A19: a writer is never started on a timeline that the others have left", () => {
  const assignment = { ...primary, forks: forksAt(1_000) };
  expect(kindOf({ assignment })).toBe("diverged");
  expect(kindOf({ assignment, data: present(false, ours, { timeline: 2 }) })).toBe("start");
});

test("A20: a standby past the fork is stopped where it runs, and not started again", () => {
  const assignment = { ...secondary, forks: forksAt(99) };
  const running: Running = { kind: "secondary", upstream };
  const data = present(true);
  const point = { ...streaming, isStreaming: false };
  expect(kindOf({ assignment, data, running, point })).toBe("stop");
  expect(kindOf({ assignment, data })).toBe("diverged");
  expect(kindOf({ assignment: { ...assignment, forks: forksAt(100) }, data })).toBe("start");
});

test("A20: a standby that streams, or that nobody told whom to follow, is left alone", () => {
  const assignment = { ...secondary, forks: forksAt(99) };
  const running: Running = { kind: "secondary", upstream };
  const data = present(true);
  const point = { ...streaming, isStreaming: false };
  expect(kindOf({ assignment, data, running, point: streaming })).toBe("wait");
  const waiting = { ...assignment, upstream: undefined };
  expect(kindOf({ assignment: waiting, data, running, point })).toBe("wait");
  expect(kindOf({ assignment: { ...waiting, forks: [] }, data })).toBe("wait");
});

test("A9: remains of a creation or a clone are removed", () => {
  expect(kindOf({ data: { kind: "unfinished" } })).toBe("remove-unfinished");
});

test("A10: a start that failed waits", () => {
  expect(kindOf({ mayTry: false })).toBe("wait");
  expect(kindOf({ assignment: secondary, data: present(true), mayTry: false })).toBe("wait");
});

test("A11: a secondary follows a new upstream, and is left alone on the old one", () => {
  const common = { assignment: secondary, data: present(true) };
  expect(kindOf({ ...common, running: { kind: "secondary", upstream } })).toBe("wait");
  expect(kindOf({ ...common, running: { kind: "secondary", upstream: elsewhere } })).toBe("follow");
  expect(kindOf({ ...common, running: { kind: "adopted", isInRecovery: true } })).toBe("follow");
});

const anyRunning = fc.constantFrom<Running | undefined>(
  undefined,
  { kind: "primary" },
  { kind: "secondary", upstream },
  { kind: "secondary", upstream: elsewhere },
  { kind: "fenced" },
  { kind: "adopted", isInRecovery: true },
  { kind: "adopted", isInRecovery: false },
);
const anyData = fc.constantFrom<DataDirectory>(
  { kind: "absent" },
  { kind: "unfinished" },
  present(true),
  present(false),
  present(true, theirs),
  present(false, theirs),
  present(false, ours, { isClean: false }),
  present(false, ours, { timeline: 2 }),
);
const anyAssignment = fc.constantFrom<Assignment | undefined>(
  undefined,
  primary,
  secondary,
  { ...primary, systemId: undefined },
  { ...secondary, systemId: undefined },
  { ...secondary, upstream: undefined },
  { ...primary, forks: forksAt(1_000) },
  { ...secondary, forks: forksAt(99) },
  { ...secondary, forks: forksAt(1_000) },
);
const anyView: fc.Arbitrary<InstanceView> = fc.record({
  assignment: anyAssignment,
  leaseIsInHand: fc.boolean(),
  handedOverTo: fc.constantFrom(undefined, "switchover-orders-1-1"),
  data: anyData,
  running: anyRunning,
  point: fc.constantFrom(undefined, streaming, { ...streaming, isStreaming: false }),
  writesAreOpen: fc.boolean(),
  mayTry: fc.boolean(),
});
/** Enough to meet most of the 24,192 combinations. */
const everything = { numRuns: 50_000 };

test("A1: whatever is seen, a primary starts only with lease, assignment and its own finished data", () => {
  fc.assert(
    fc.property(anyView, (seen) => {
      const decision = decideInstance(seen);
      expect(decision.because).not.toBe("");
      if (decision.kind !== "start" || decision.as.kind !== "primary") return;
      expect(seen).toMatchObject({
        assignment: { role: "primary", systemId: ours },
        leaseIsInHand: true,
        handedOverTo: undefined,
        data: { kind: "present", systemId: ours, isStandby: false },
        running: undefined,
      });
    }),
    everything,
  );
});

test("A3: whatever is seen, nothing is started twice, and only what runs is stopped or redirected", () => {
  fc.assert(
    fc.property(anyView, (seen) => {
      const { kind } = decideInstance(seen);
      const isForIdle = kind === "start" || kind === "remove-unfinished";
      const isForRunning = ["stop", "fence", "follow", "open-writes"].includes(kind);
      expect(isForIdle && seen.running !== undefined).toBe(false);
      expect(isForRunning && seen.running === undefined).toBe(false);
    }),
    everything,
  );
});

test("A13: whatever is seen, a writer goes on only where the assignment makes it one", () => {
  fc.assert(
    fc.property(anyView, (seen) => {
      const { running, assignment } = seen;
      const writes =
        running?.kind === "primary" || (running?.kind === "adopted" && !running.isInRecovery);
      if (!writes || assignment?.role === "primary") return;
      expect(decideInstance(seen).kind).toBe("fence");
    }),
    everything,
  );
});

test("A18: whatever is seen, writes are let in only with the lease, and never after a hand-over", () => {
  fc.assert(
    fc.property(anyView, (seen) => {
      if (decideInstance(seen).kind !== "open-writes") return;
      expect(seen).toMatchObject({
        assignment: { role: "primary" },
        leaseIsInHand: true,
        handedOverTo: undefined,
      });
    }),
    everything,
  );
});
