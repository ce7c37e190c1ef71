import { describe, expect, test } from "vitest";
import { anOperation } from "../../test/operation.ts";
import type { Operation } from "../model/operation.ts";
import type { Lsn } from "../model/lsn.ts";
import type { DatabaseId, RegionId } from "../model/region.ts";
import { operationEvents, resyncEvents } from "./operation-events.ts";

const fork = { timeline: 2, parent: 1, lsn: 0x3000148n as Lsn };
const step = (name: string, because = ""): Operation["steps"][number] => ({
  name,
  startedWallMs: 0,
  ms: 12,
  because,
});

/** `RDS-EVENT-0181` as 0181, with our kind. */
function numbers(before: Operation | undefined, after: Operation): readonly string[] {
  return operationEvents(before, after).map(
    ({ kind, details }) =>
      `${String(details["rdsEventId"] ?? "-").replace("RDS-EVENT-", "")} ${kind}`,
  );
}

describe("a switchover", () => {
  const running = anOperation();

  test("tells its start in Aurora's words, with the category spelt exactly", () => {
    expect(operationEvents(undefined, running)).toMatchObject([
      {
        kind: "operation.started",
        message: "The switchover of orders from us-east-1 to us-west-2 began.",
        region: "us-west-2",
        database: "orders",
        details: {
          rdsEventId: "RDS-EVENT-0181",
          rdsCategories: "global-failover",
          rdsMessage:
            "Global switchover to DB cluster orders-us-west-2 in Region us-west-2 started.",
        },
      },
    ]);
  });

  test("tells the lag once the target has nearly everything", () => {
    const steps = [step("catch-up", "us-west-2 is 0 bytes behind"), step("checkpoint")];
    const after = { ...running, step: "checkpoint", steps };
    expect(numbers(running, after)).toEqual([
      "0183 operation.members-synchronized",
      "0423 operation.target-synchronized",
    ]);
    expect(operationEvents(running, after)[1]?.details["rdsMessage"]).toBe(
      "Waiting for data synchronization with the target DB cluster. Current target DB cluster lag behind the primary DB cluster: us-west-2 is 0 bytes behind.",
    );
  });

  test("tells of the old primary, the promotion, the names and the end, each once", () => {
    const handed: Operation = { ...running, step: "hand-over" };
    const claimed: Operation = { ...handed, phase: "claimed", step: "promote" };
    const promoted: Operation = { ...claimed, step: "follow", fork, writePauseMs: 412.4 };
    const ended: Operation = { ...promoted, phase: "ended", outcome: "completed", because: "done" };
    expect(numbers(handed, claimed)).toEqual([
      "0182 database.writer-stopped",
      "- operation.claimed",
    ]);
    expect(numbers(claimed, promoted)).toEqual([
      "0184 database.switched-over",
      "0397 database.writer-moved",
    ]);
    expect(numbers(promoted, ended)).toEqual(["0185 operation.completed"]);
    const [stopped] = operationEvents(handed, claimed);
    expect(stopped).toMatchObject({
      region: "us-east-1",
      details: {
        rdsMessage:
          "Old primary DB cluster orders-us-east-1 in Region us-east-1 successfully shut down.",
      },
    });
    const [moved] = operationEvents(claimed, promoted);
    expect(moved?.details).toMatchObject({ newEpoch: 2, timeline: 2, writePauseMs: 412 });
  });

  test("that is rolled back is cancelled in Aurora's words only when a person asked for it", () => {
    const end = { phase: "ended", outcome: "rolled-back", because: "it was late" } as const;
    const wanted = { ...running, isCancelled: true };
    expect(numbers(running, { ...running, ...end })).toEqual(["0187 operation.rolled-back"]);
    expect(numbers(running, wanted)).toEqual(["- operation.cancel-requested"]);
    expect(numbers(wanted, { ...wanted, ...end })).toEqual(["0186 operation.rolled-back"]);
  });
});

describe("a failover", () => {
  const running = anOperation({ kind: "failover", step: "fence" });
  const claimed: Operation = {
    ...running,
    phase: "claimed",
    step: "promote",
    steps: [step("fence", "the lease of us-east-1 is over"), step("promote")],
  };

  test("tells how its fence is known, in the category of instances", () => {
    const [fenced] = operationEvents(running, claimed);
    expect(fenced).toMatchObject({
      kind: "database.writer-fenced",
      message:
        "The old writer of orders in us-east-1 accepts no writes: the lease of us-east-1 is over.",
      details: {
        rdsEventId: "RDS-EVENT-0390",
        rdsCategories: "notification, global database",
      },
    });
  });

  test("under an override never says that the old writer is fenced", () => {
    const forced = { ...running, overrideFence: "the rack is on my desk" };
    expect(numbers(forced, { ...claimed, overrideFence: forced.overrideFence })).toEqual([
      "0391 database.fence-overridden",
      "- operation.claimed",
    ]);
  });

  test("tells its promotion, and its end", () => {
    const promoted = { ...claimed, fork, phase: "ended", outcome: "completed" } as const;
    expect(numbers(claimed, promoted)).toEqual([
      "0184 database.failed-over",
      "0397 database.writer-moved",
      "0238 operation.completed",
    ]);
    const late = { ...running, steps: [step("fence")] };
    expect(numbers(late, { ...late, phase: "ended", outcome: "rolled-back" })).toEqual([
      "0391 database.fence-not-proved",
      "0239 operation.rolled-back",
    ]);
  });
});

test("a detached Region is told as a promotion on its own", () => {
  const running = anOperation({ kind: "detach", phase: "claimed", step: "promote" });
  expect(numbers(running, { ...running, fork })).toEqual(["0228 database.detached"]);
});

test("a change that nobody needs to hear of makes no event", () => {
  const running = anOperation({ step: "checkpoint" });
  expect(operationEvents(running, { ...running, step: "hand-over" })).toEqual([]);
});

test("a secondary that is rebuilt after a failover is told at both ends", () => {
  const member = { database: "orders" as DatabaseId, region: "us-east-1" as RegionId };
  const told = (["started", "finished"] as const).flatMap((one) => resyncEvents(member, one));
  expect(told.map(({ details }) => details["rdsMessage"])).toEqual([
    "Started resynchronizing members of DB cluster orders-us-east-1 in Region us-east-1 after global failover.",
    "Finished resynchronizing members of DB cluster orders-us-east-1 in Region us-east-1 after global failover.",
  ]);
});
