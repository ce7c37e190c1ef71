/** An operation as the controller journals it, for tests of what shows it. */
import type { Operation } from "../src/model/operation.ts";
import type { DatabaseId, Epoch, OperationId, RegionId } from "../src/model/region.ts";

/** A switchover of `orders` from us-east-1 to us-west-2 that has just begun. */
export function anOperation(changes: Partial<Operation> = {}): Operation {
  return {
    id: "switchover-orders-2" as OperationId,
    system: "systems/orders",
    database: "orders" as DatabaseId,
    kind: "switchover",
    from: "us-east-1" as RegionId,
    to: "us-west-2" as RegionId,
    requestedBy: "person",
    epoch: 1 as Epoch,
    startedWallMs: 0,
    phase: "before-claim",
    step: "catch-up",
    steps: [{ name: "catch-up", startedWallMs: 0, ms: undefined, because: "" }],
    outcome: "running",
    because: "us-west-2 is 4096 bytes behind",
    isCancelled: false,
    overrideFence: undefined,
    pins: "refuse",
    estimatedLoss: undefined,
    token: undefined,
    fork: undefined,
    writePauseMs: undefined,
    ...changes,
  };
}
