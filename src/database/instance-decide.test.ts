import fc from "fast-check";
import { expect, test } from "vitest";
import type { Assignment } from "../model/assignment.ts";
import type { DatabaseId, Epoch, SystemId } from "../model/region.ts";
import type { DataDirectory, Upstream } from "../postgres/postgres.ts";
import { decideInstance, type InstanceView, type Running } from "./instance-decide.ts";

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
  systemId: ours,
  role: "primary",
  upstream: undefined,
  slots: [],
};
const secondary: Assignment = { ...primary, role: "secondary", upstream };
const present = (isStandby: boolean, systemId = ours): DataDirectory => ({
  kind: "present",
  systemId,
  isStandby,
});

const view: InstanceView = {
  assignment: primary,
  leaseIsInHand: true,
  data: present(false),
  running: undefined,
  mayTry: true,
};
const kindOf = (change: Partial<InstanceView>): string =>
  decideInstance({ ...view, ...change }).kind;

test("A1: a primary starts with the lease in hand", () => {
  expect(decideInstance(view)).toMatchObject({ kind: "start", as: { kind: "primary" } });
  expect(kindOf({ leaseIsInHand: false })).toBe("fenced");
});

test("A3: without an assignment nothing starts, a standby that runs goes on, and a primary is stopped", () => {
  const assignment = undefined;
  expect(kindOf({ assignment })).toBe("fenced");
  expect(kindOf({ assignment, running: { kind: "adopted", isInRecovery: true } })).toBe("wait");
  expect(kindOf({ assignment, running: { kind: "adopted", isInRecovery: false } })).toBe("stop");
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
    expect(kindOf({ assignment, data, running: { kind: "primary" } })).toBe("stop");
  }
});

test("A8: what a former writer left is kept, and what was never promoted is no writer", () => {
  expect(kindOf({ assignment: secondary, data: present(false) })).toBe("fenced");
  expect(kindOf({ assignment: primary, data: present(true) })).toBe("fenced");
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
);
const anyAssignment = fc.constantFrom<Assignment | undefined>(
  undefined,
  primary,
  secondary,
  { ...primary, systemId: undefined },
  { ...secondary, systemId: undefined },
  { ...secondary, upstream: undefined },
);
const anyView: fc.Arbitrary<InstanceView> = fc.record({
  assignment: anyAssignment,
  leaseIsInHand: fc.boolean(),
  data: anyData,
  running: anyRunning,
  mayTry: fc.boolean(),
});
/** Enough to meet all 1008 combinations many times. */
const everything = { numRuns: 10_000 };

test("A1: whatever is seen, a primary starts only with lease, assignment and its own finished data", () => {
  fc.assert(
    fc.property(anyView, (seen) => {
      const decision = decideInstance(seen);
      expect(decision.because).not.toBe("");
      if (decision.kind !== "start" || decision.as.kind !== "primary") return;
      expect(seen).toMatchObject({
        assignment: { role: "primary", systemId: ours },
        leaseIsInHand: true,
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
      const isForRunning = kind === "stop" || kind === "follow";
      expect(isForIdle && seen.running !== undefined).toBe(false);
      expect(isForRunning && seen.running === undefined).toBe(false);
    }),
    everything,
  );
});
