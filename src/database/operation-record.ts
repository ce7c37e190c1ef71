/** How an operation is written into the store: its journal, which the next controller goes on from. */
import { z } from "zod";
import { Failure } from "../model/failure.ts";
import type { Operation } from "../model/operation.ts";
import type { DatabaseId, Epoch, OperationId, RegionId } from "../model/region.ts";
import type { Entry } from "../store/store.ts";
import { branded, counter, lsn, maybe } from "../wire/codec.ts";
import { fork } from "../wire/fork.ts";

const operationRecord: z.ZodType<Operation> = z.object({
  id: branded<OperationId>(),
  system: z.string(),
  database: branded<DatabaseId>(),
  kind: z.enum(["switchover", "failover", "detach", "add", "rejoin", "remove"]),
  from: branded<RegionId>(),
  to: branded<RegionId>(),
  requestedBy: z.enum(["person", "policy"]),
  epoch: counter<Epoch>(),
  startedWallMs: z.number(),
  phase: z.enum(["before-claim", "claimed", "ended"]),
  step: z.string(),
  steps: z.array(
    z.object({
      name: z.string(),
      startedWallMs: z.number(),
      ms: maybe(z.number()),
      because: z.string(),
    }),
  ),
  outcome: z.enum(["running", "completed", "rolled-back", "failed"]),
  because: z.string(),
  isCancelled: z.boolean(),
  overrideFence: maybe(z.string()),
  /** Journals of before there were gateways do not have it. */
  pins: z.enum(["refuse", "end"]).default("refuse"),
  estimatedLoss: maybe(
    z.object({
      transactions: z.number(),
      bytes: z.number(),
      ms: z.number(),
      isExact: z.boolean(),
      sampleAgeMs: z.number(),
    }),
  ),
  token: maybe(z.object({ timeline: z.number().int(), lsn })),
  fork: maybe(fork),
  writePauseMs: maybe(z.number()),
});

export const operationPrefix = "operations/";

export function operationKey(id: OperationId): string {
  return `${operationPrefix}${id}`;
}

export function formatOperation(operation: Operation): string {
  return JSON.stringify(z.encode(operationRecord, operation));
}

/** @throws Failure `state.damaged` */
export function parseOperation(entry: Entry): Operation {
  try {
    return z.decode(operationRecord, JSON.parse(entry.value) as z.input<typeof operationRecord>);
  } catch (cause) {
    throw new Failure("state.damaged", `Could not read ${entry.key} in the controller's store`, {
      cause,
    });
  }
}
