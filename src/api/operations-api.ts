/** The part of the HTTP contract that changes who is what: operations, and the evidence that they leave. */
import { z } from "zod";
import { amount, orNull, text } from "./schema-words.ts";

export const operationKind = z.enum([
  "switchover",
  "failover",
  "detach",
  "add",
  "rejoin",
  "remove",
]);

export const estimatedLoss = z
  .object({
    transactions: amount("Commits that the old writer has and the target does not."),
    bytes: amount("Their WAL, in bytes."),
    ms: amount("Age of the oldest of them, in ms."),
    isExact: z.boolean().meta({ description: "False: at least so many." }),
    sampleAgeMs: amount(
      "How long before the estimate the writer was last heard, in ms; what it wrote since is in no count.",
    ),
  })
  .meta({ id: "EstimatedLoss" });

const pinRule = z.enum(["refuse", "end"]).meta({
  description:
    "Switchover only: what becomes of sessions of the writer's gateway that cannot be moved (temporary tables, session locks, cursors WITH HOLD). `refuse`: it is rolled back for them; `end`: they end.",
});

const operationStep = z.object({
  name: z.string(),
  startedAt: text("RFC 3339."),
  ms: orNull(
    amount("How long it took, in ms; null while it goes on, or when its controller was replaced."),
  ),
  because: text("Why it ended, or what it waits for."),
});

export const operation = z
  .object({
    id: z.string(),
    kind: operationKind,
    database: z.string(),
    from: text("The primary Region when it began."),
    to: text("The Region that it is about: the new primary, or the one that leaves or joins."),
    requestedBy: z.enum(["person", "policy"]),
    epoch: amount("The epoch when it began."),
    startedAt: text("RFC 3339."),
    phase: z.enum(["before-claim", "claimed", "ended"]).meta({
      description: "It can be cancelled before the claim, and only goes forward after it.",
    }),
    step: text("The present step, or the last."),
    steps: z.array(operationStep),
    outcome: z.enum(["running", "completed", "rolled-back", "failed"]),
    because: text("Why it ended, or what it waits for."),
    isCancelled: z.boolean().meta({ description: "A person asked for its end." }),
    overrideFence: orNull(text("Why a person vouched that the old writer is fenced.")),
    pins: pinRule,
    estimatedLoss: orNull(estimatedLoss),
    writePauseMs: orNull(
      amount("How long nobody could write, measured by the operation's own probe, in ms."),
    ),
    forkLsn: orNull(
      text("Where the new primary's history left the old one's, once that is known."),
    ),
  })
  .meta({ id: "Operation" });

const change = z.number().int().meta({
  description: "Grows with each change of any operation; ask with it in `after` to wait for more.",
});

export const watchedOperation = operation.extend({ change }).meta({ id: "WatchedOperation" });

export const operationList = z
  .object({
    operations: z.array(operation).meta({ description: "The newest first." }),
    change,
  })
  .meta({ id: "OperationList" });

/** 500 characters: a sentence or two; it goes into the journal and the events. */
const reasonCharsMax = 500;

export const operationRequest = z
  .strictObject({
    kind: operationKind,
    to: text("The Region that it is about."),
    allowDataLoss: z.boolean().default(false).meta({ description: "Failover only, required." }),
    expectPrimary: z.string().optional().meta({
      description: "Refused when another Region is the primary by now: somebody was faster.",
    }),
    pins: pinRule.default("refuse"),
    overrideFence: z.string().trim().min(1).max(reasonCharsMax).optional().meta({
      description:
        "Failover only: why you vouch that the old writer cannot write. Nothing proves it then.",
    }),
  })
  .meta({
    id: "OperationRequest",
    examples: [
      { kind: "switchover", to: "us-west-2" },
      { kind: "failover", to: "us-west-2", allowDataLoss: true, expectPrimary: "us-east-1" },
    ],
  });

export const operationPreview = z
  .object({
    database: z.string(),
    kind: operationKind,
    from: z.string(),
    to: z.string(),
    epoch: z.number(),
    isPossible: z.boolean().meta({ description: "Every check passes." }),
    checks: z.array(
      z.object({
        name: z.string(),
        isPassed: z.boolean(),
        because: text("Why it does not pass; of one that does, empty, or what to know before."),
      }),
    ),
    estimatedLoss: orNull(estimatedLoss),
    fence: orNull(text("Failover only: how the old writer would be known to be fenced.")),
    steps: z.array(z.string()).meta({ description: "What it would go through." }),
  })
  .meta({ id: "OperationPreview" });

const after = z.coerce.number().int().min(0).optional().meta({
  description: "`change` of an earlier answer: waits up to 10 s for one that is newer.",
});

export const operationQuery = z.object({ after });

export const operationListQuery = z.object({
  database: z.string().optional(),
  limit: z.coerce.number().int().min(1).max(1000).default(50),
  after,
});

export const databaseParams = z.object({ database: z.string() });
export const operationParams = z.object({ id: z.string() });
export const snapshotParams = z.object({ region: z.string(), name: z.string() });

export const snapshot = z
  .object({
    name: z.string(),
    database: z.string(),
    region: z.string(),
    number: z.number().int(),
    at: text("When the data became evidence (RFC 3339)."),
    bytes: z.number(),
    path: text("Where it lies: the data directory, whole and read-only, is `data` in it."),
    systemId: z.string(),
    timeline: z.number().int(),
    forkLsn: orNull(text("Where the others left its history; null where that was not known.")),
    epoch: amount("The epoch that replaced it."),
    because: z.string(),
    reportAgeMs: amount("How long ago its Region's agent reported, in ms."),
  })
  .meta({
    id: "Snapshot",
    description: "What is kept of a primary whose history the others left.",
  });

export const snapshotList = z.object({ snapshots: z.array(snapshot) });
export const snapshotRemoval = z.object({ region: z.string(), name: z.string() });

export type ApiOperation = z.output<typeof operation>;
export type ApiOperationKind = z.output<typeof operationKind>;
export type ApiWatchedOperation = z.output<typeof watchedOperation>;
export type ApiOperationList = z.output<typeof operationList>;
export type ApiOperationListQuery = z.output<typeof operationListQuery>;
export type ApiOperationRequest = z.output<typeof operationRequest>;
export type ApiOperationPreview = z.output<typeof operationPreview>;
export type ApiEstimatedLoss = z.output<typeof estimatedLoss>;
export type ApiSnapshot = z.output<typeof snapshot>;

/** The part of the world that changes who is what. */
export interface OperationsWorld {
  /** Settles when it has begun. @throws Failure with the code of whatever refuses it */
  beginOperation(
    database: string,
    request: ApiOperationRequest,
    signal: AbortSignal,
  ): Promise<ApiOperation>;
  /** What it would meet now; changes nothing. */
  previewOperation(database: string, request: ApiOperationRequest): ApiOperationPreview;
  /** With `after`: waits for a newer change, 10 s at most. */
  operations(query: ApiOperationListQuery, signal: AbortSignal): Promise<ApiOperationList>;
  operation(
    id: string,
    after: number | undefined,
    signal: AbortSignal,
  ): Promise<ApiWatchedOperation>;
  /** Settles when the wish is journalled; the operation then rolls back. */
  cancelOperation(id: string, signal: AbortSignal): Promise<ApiOperation>;
  snapshots(): readonly ApiSnapshot[];
  /** Settles when it is gone. */
  removeSnapshot(region: string, name: string, signal: AbortSignal): Promise<void>;
}
