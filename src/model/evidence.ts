/** What is kept of a primary whose history the others left: its data directory, whole, until a person removes it (I5). */
import type { Lsn } from "./lsn.ts";
import type { DatabaseId, Epoch, RegionId, SystemId } from "./region.ts";

/** What is written down beside the data when they become evidence. */
export type EvidenceNote = {
  /** `unplanned-global-failover-<database>-<region>-<time>`. */
  readonly name: string;
  readonly database: DatabaseId;
  readonly region: RegionId;
  readonly number: number;
  readonly systemId: SystemId;
  /** The timeline of the data, and where the others left it. */
  readonly timeline: number;
  readonly forkLsn: Lsn | undefined;
  /** The epoch that replaced it. */
  readonly epoch: Epoch;
  readonly atWallMs: number;
  readonly because: string;
};

export type EvidenceItem = EvidenceNote & {
  readonly bytes: number;
  /** Where it lies, absolute. */
  readonly path: string;
};

/** The logical slot that makes a lost commit's rows readable later; one for each SQL database of a primary. */
export type EvidenceSlot = {
  readonly database: string;
  readonly confirmedLsn: Lsn | undefined;
  /** WAL that it keeps, in bytes. */
  readonly retainedBytes: number;
  /** False once PostgreSQL removed WAL that it needs: then commits can be counted, and their rows not read. */
  readonly isIntact: boolean;
  /** It could not be advanced for a minute, because a transaction is open that long. */
  readonly isPinned: boolean;
};
