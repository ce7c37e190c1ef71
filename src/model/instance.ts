/** What an agent says about one of its instances, and what the controller wants of it. */
import type { EvidenceSlot } from "./evidence.ts";
import type { Fork } from "./fork.ts";
import type { Lsn } from "./lsn.ts";
import type { DatabaseId, Epoch, RegionId, SystemId } from "./region.ts";

export type Role = "primary" | "secondary";

/**
 *   absent ──create──► creating ──► stopped ──start──► starting ──► serving | catching-up
 *   absent ──clone───► cloning ───► stopped        no lease: fenced      broken: failed
 *   catching-up ──promote──► promoting ──► serving     past the fork: diverged ──set aside──► absent
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
  | { readonly kind: "promoting" }
  /** Its data left the history that the others share; nothing overwrites them before they are evidence (I5). */
  | { readonly kind: "diverged"; readonly because: string }
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
  /** Where the WAL begins that its upstream still has; a secondary that needs earlier WAL has to be rebuilt. */
  readonly walFromLsn: Lsn | undefined;
  /** What a failover to it would lose now; undefined while it is not known. */
  readonly loss: MeasuredLoss | undefined;
};

/** Counted from commit records in the WAL; Leeward's own writes are left out. */
export type MeasuredLoss = {
  readonly transactions: number;
  readonly bytes: number;
  /** False: at least so many, there was more WAL than could be read. */
  readonly isExact: boolean;
};

/** What a command found out. */
export type CommandResult =
  /** The old writer was shut down cleanly, and here its WAL ends. */
  | {
      readonly kind: "token";
      readonly systemId: SystemId;
      readonly timeline: number;
      readonly lsn: Lsn;
    }
  /** The target watches the old writer. `isProbing`: its probes are acknowledged, so the write pause will be known. */
  | { readonly kind: "watching"; readonly isProbing: boolean }
  /** The target has replayed what it received, and its stream has ended. */
  | { readonly kind: "position"; readonly timeline: number; readonly replayedLsn: Lsn }
  /** `writePauseMs`: between the probe's last write on the old writer and its first on this one. */
  | {
      readonly kind: "promoted";
      readonly fork: Fork;
      readonly writePauseMs: number | undefined;
    };

/** How far the last command that this instance was given has come. */
export type CommandProgress = {
  readonly id: string;
  readonly outcome: "running" | "done" | "failed";
  readonly because: string;
  readonly result: CommandResult | undefined;
};

/** What bounds the loss of a failover (`rpoGuardMs`), as the writer's agent has it. */
export type RpoGuardState =
  | { readonly kind: "off" }
  /** Below the limit. */
  | { readonly kind: "watching" }
  /** Commits wait for a secondary. */
  | { readonly kind: "holding" }
  /** It would stop every write, because no secondary streams. */
  | { readonly kind: "suspended"; readonly because: string };

export type InstanceReport = {
  readonly database: DatabaseId;
  readonly number: number;
  readonly role: Role | undefined;
  readonly state: InstanceState;
  /** The epoch of the assignment that the agent follows. */
  readonly epoch: Epoch | undefined;
  /** The version of the record that it follows; 0 before the first. */
  readonly version: number;
  /** Primary only: how long its right to accept writes lasts, in ms, and who gave it. */
  readonly lease: LeaseHolding | undefined;
  readonly systemId: SystemId | undefined;
  /** Of its data, also at rest: then as far as the server had written it down, which may be an earlier one. */
  readonly timeline: number | undefined;
  /** While its server runs. */
  readonly position: Position | undefined;
  /** Free on the disk of its data, in bytes; undefined before there is a place for them. */
  readonly diskFreeBytes: number | undefined;
  /** On the writer: one for each secondary instance. */
  readonly lags: readonly MeasuredLag[];
  /** On the writer. */
  readonly evidenceSlots: readonly EvidenceSlot[];
  readonly rpoGuard: RpoGuardState;
  readonly command: CommandProgress | undefined;
};

export type LeaseHolding = {
  readonly leftMs: number;
  /** The controller, or the promises of the Regions that could be promoted while it is away. */
  readonly from: "controller" | "promises";
};
