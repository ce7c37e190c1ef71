/** A change of who is what in one database system, as it is journalled and shown. */
import type { Fork } from "./fork.ts";
import type { Lsn } from "./lsn.ts";
import type { DatabaseId, Epoch, OperationId, RegionId } from "./region.ts";

export type OperationKind = "switchover" | "failover" | "detach" | "add" | "rejoin" | "remove";

/** What becomes of sessions that cannot be taken off their server: a switchover is refused for them, or they end. */
export type PinRule = "refuse" | "end";

/**
 *   before-claim ──claim──► claimed ──last step──► ended (completed)
 *        └──cancelled, deadline, trouble──► ended (rolled-back)
 */
export type OperationPhase = "before-claim" | "claimed" | "ended";

export type OperationOutcome = "running" | "completed" | "rolled-back" | "failed";

export type OperationStep = {
  readonly name: string;
  readonly startedWallMs: number;
  /** Undefined while it goes on, and where a controller that died took its stopwatch with it. */
  readonly ms: number | undefined;
  /** Why it ended, or what it waits for. */
  readonly because: string;
};

/** What a failover would lose, or lost: at most the commits that the old writer is known to have made. */
export type EstimatedLoss = {
  readonly transactions: number;
  readonly bytes: number;
  /** Age of the oldest of them, in ms. */
  readonly ms: number;
  /** False: at least so many. */
  readonly isExact: boolean;
  /** How long before the estimate the writer was last heard, in ms; what it wrote since is in no count. */
  readonly sampleAgeMs: number;
};

export type Operation = {
  readonly id: OperationId;
  /** The key of the database system. */
  readonly system: string;
  readonly database: DatabaseId;
  readonly kind: OperationKind;
  /** The primary Region when it began. */
  readonly from: RegionId;
  /** The Region that it is about: the new primary, or the one that leaves, joins or rejoins. */
  readonly to: RegionId;
  readonly requestedBy: "person" | "policy";
  /** The epoch when it began. */
  readonly epoch: Epoch;
  readonly startedWallMs: number;
  readonly phase: OperationPhase;
  readonly step: string;
  readonly steps: readonly OperationStep[];
  readonly outcome: OperationOutcome;
  /** Why it ended, or what it waits for. */
  readonly because: string;
  /** A person asked for its end; honoured before the claim only. */
  readonly isCancelled: boolean;
  /** Failover only: why a person vouches that the old writer is fenced. */
  readonly overrideFence: string | undefined;
  /** Switchover only. */
  readonly pins: PinRule;
  readonly estimatedLoss: EstimatedLoss | undefined;
  /** Where the old writer's WAL ends, once it was shut down for this. */
  readonly token: { readonly timeline: number; readonly lsn: Lsn } | undefined;
  readonly fork: Fork | undefined;
  readonly writePauseMs: number | undefined;
};

/** What a person, or a policy, asks for. */
export type OperationRequest = {
  readonly kind: OperationKind;
  readonly database: DatabaseId;
  readonly to: RegionId;
  readonly requestedBy: "person" | "policy";
  /** Failover only, and required there. */
  readonly allowDataLoss: boolean;
  /** Refused when another Region is the primary by now: somebody else was faster. */
  readonly expectPrimary: RegionId | undefined;
  readonly overrideFence: string | undefined;
  /** Switchover only. */
  readonly pins: PinRule;
};

/** What an operation would meet if it began now. */
export type OperationPreview = {
  readonly database: DatabaseId;
  readonly kind: OperationKind;
  readonly from: RegionId;
  readonly to: RegionId;
  readonly epoch: Epoch;
  /** Every precheck, in order; it begins only when all are true. */
  readonly checks: readonly OperationCheck[];
  readonly estimatedLoss: EstimatedLoss | undefined;
  /** Failover only: how the old writer would be known to be fenced. */
  readonly fence: string | undefined;
  /** The steps that it would go through. */
  readonly steps: readonly string[];
};

export type OperationCheck = {
  readonly name: string;
  readonly isPassed: boolean;
  /** Why it does not pass; where it does, empty, or what to know before one begins. */
  readonly because: string;
};
