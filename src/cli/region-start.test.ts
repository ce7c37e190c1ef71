import { expect, test } from "vitest";
import { exampleInstance, exampleStatus } from "../../test/fake-world.ts";
import type { ApiInstance, ApiRegion, ApiStatus } from "../api/api.ts";
import { decideStart } from "./region-start.ts";

type Change = { readonly state?: ApiInstance["state"]; readonly region?: Partial<ApiRegion> };

function statusWith({ state = "serving", region = {} }: Change): ApiStatus {
  const status = exampleStatus();
  const member = status.databases["orders"]?.members["us-west-2"];
  if (member) member.instances = [exampleInstance({ state, because: "because" })];
  Object.assign(status.regions["us-west-2"] ?? {}, region);
  return status;
}

function decide(change: Change, more: { wasDown?: boolean; elapsedMs?: number } = {}): string {
  const view = { region: "us-west-2", wasDown: false, elapsedMs: 5_000, ...more };
  return decideStart({ status: statusWith(change), ...view }).kind;
}

test("a Region is up when every instance serves or is fenced, and not before", () => {
  expect(decide({})).toBe("up");
  expect(decide({ state: "fenced" })).toBe("up");
  for (const state of ["absent", "cloning", "starting", "stopped", "unknown"] as const) {
    expect([state, decide({ state })]).toEqual([state, "wait"]);
  }
});

test("data that left the common history are waited for only when they are rebuilt by themselves", () => {
  expect(decide({ state: "diverged" })).toBe("wait");
  const status = statusWith({ state: "diverged" });
  const { orders } = status.databases;
  if (orders) orders.rejoin = "manual";
  const view = { region: "us-west-2", wasDown: false, elapsedMs: 5_000 };
  expect(decideStart({ status, ...view })).toMatchObject({
    kind: "up",
    diverged: ["orders/us-west-2/1"],
  });
});

test("a report from before the start is not believed", () => {
  expect(decide({}, { wasDown: true, elapsedMs: 100 })).toBe("wait");
  expect(decide({ state: "failed" }, { wasDown: true, elapsedMs: 100 })).toBe("wait");
  expect(decide({ region: { reportAgeMs: null } })).toBe("wait");
});

test("a Region that runs already needs no new report", () => {
  expect(decide({}, { elapsedMs: 10 })).toBe("up");
});

test("an instance that failed ends the wait", () => {
  expect(decide({ state: "failed" })).toBe("failed");
});

test("a Region that is still down is waited for, an isolated one cannot be seen", () => {
  expect(decide({ region: { state: "killed" } })).toBe("wait");
  expect(decide({ region: { state: "isolated", isIsolated: true } })).toBe("unseen");
});

test("a secondary whose writer is away is up, and one whose writer serves is waited for", () => {
  const status = statusWith({ state: "catching-up" });
  const view = { status, region: "us-west-2", wasDown: false, elapsedMs: 5_000 };
  expect(decideStart(view)).toEqual({ kind: "wait" });
  const { writer } = status.databases["orders"] ?? {};
  if (writer) writer.state = "unknown";
  expect(decideStart(view)).toMatchObject({ kind: "up", alone: ["orders/us-west-2/1"] });
});
