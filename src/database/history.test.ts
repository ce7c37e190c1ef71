import { expect, test } from "vitest";
import type { InstanceReport, InstanceState } from "../model/instance.ts";
import type { DatabaseId, RegionId } from "../model/region.ts";
import { emptyReport } from "../../test/database-fixtures.ts";
import { stateChange } from "./history.ts";

const id = { database: "orders" as DatabaseId, region: "us-west-2" as RegionId, number: 1 };
const report = (state: InstanceState, role: "primary" | "secondary"): InstanceReport => ({
  ...emptyReport({ state }),
  database: id.database,
  role,
});
const starting: InstanceState = { kind: "starting", because: "a secondary needs no lease" };

test("a change of state is told in one sentence, with its reason", () => {
  const failed: InstanceState = { kind: "failed", because: "the disk is full", code: "disk.full" };
  const event = stateChange(id, report(starting, "secondary"), report(failed, "secondary"));
  expect(event).toMatchObject({
    kind: "instance.failed",
    message: "Instance orders/us-west-2/1 failed: the disk is full.",
    region: "us-west-2",
    database: "orders",
    details: { before: "starting", because: "the disk is full" },
  });
});

test("serving means something else on the writer than on a secondary", () => {
  const tell = (role: "primary" | "secondary"): string | undefined =>
    stateChange(id, report(starting, role), report({ kind: "serving" }, role))?.message;
  expect(tell("primary")).toContain("serves as the writer");
  expect(tell("secondary")).toContain("streams from its upstream");
});

test("the same state in other words is no news, and neither is the first report", () => {
  const again: InstanceState = { ...starting, because: "the lease is in hand" };
  expect(stateChange(id, undefined, report(starting, "primary"))).toBeUndefined();
  expect(stateChange(id, report(starting, "primary"), report(again, "primary"))).toBeUndefined();
});
