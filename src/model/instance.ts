/** What an agent says about one of its instances, and what the controller wants of it. */
import type { Lsn } from "./lsn.ts";
import type { DatabaseId, Epoch, RegionId, SystemId } from "./region.ts";

export type Role = "primary" | "secondary";

/**
 *   absent ──create──► creating ──► stopped ──start──► starting ──► serving | catching-up
 *   absent ──clone───► cloning ───► stopped        no lease: fenced      broken: failed
 */
export type InstanceState =
  /** There is no data directory. */
  | { readonly kind: "absent" }
  | { readonly kind: "creating" }
  | {
      readonly kind: "cloning";
      readonly receivedBytes: number;
      readonly totalBytes: number | undefined;
      readonly bytesPerSecond: number;
    }
  | { readonly kind: "stopped"; readonly because: string }
  | { readonly kind: "starting"; readonly because: string }
  /** Answers; a secondary in this state streams from its upstream. */
  | { readonly kind: "serving" }
  /** A secondary that answers but does not stream (yet). */
  | { readonly kind: "catching-up"; readonly because: string }
  /** Refuses writes, because it cannot prove that it may accept them (I2). */
  | { readonly kind: "fenced"; readonly because: string }
  | { readonly kind: "failed"; readonly because: string; readonly code: string };

export type InstanceStateKind = InstanceState["kind"];

/** Where an instance is in the WAL of its database system. */
export type Position = {
  readonly timeline: number;
  readonly flushedLsn: Lsn;
  readonly replayedLsn: Lsn;
};

/** A secondary as its writer sees it; ages are measured on the writer's own clock. */
export type MeasuredLag = {
  readonly region: RegionId;
  readonly number: number;
  readonly isStreaming: boolean;
  readonly lagBytes: number | undefined;
  readonly lagMs: number | undefined;
  readonly rpoLagMs: number | undefined;
  readonly progressLagMs: number | undefined;
  readonly sentBytes: number;
  readonly slotIsIntact: boolean;
};

/** How far the last command that this instance was given has come. */
export type CommandProgress = {
  readonly id: string;
  readonly outcome: "running" | "done" | "failed";
  readonly because: string;
};

export type InstanceReport = {
  readonly database: DatabaseId;
  readonly number: number;
  readonly role: Role | undefined;
  readonly state: InstanceState;
  /** The epoch of the assignment that the agent follows. */
  readonly epoch: Epoch | undefined;
  readonly systemId: SystemId | undefined;
  readonly position: Position | undefined;
  /** On the writer: one for each secondary instance. */
  readonly lags: readonly MeasuredLag[];
  readonly command: CommandProgress | undefined;
};
