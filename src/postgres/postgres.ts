/**
 * One PostgreSQL instance, as the rest of the program needs it: its data directory, its server process, and
 * what it says about itself. The real one is `server.ts`; the simulator has a twin.
 */
import type { Address } from "../model/address.ts";
import type { EvidenceItem, EvidenceNote, EvidenceSlot } from "../model/evidence.ts";
import type { Fork } from "../model/fork.ts";
import type { Lsn } from "../model/lsn.ts";
import type { PredefinedRole } from "../model/predefined-role.ts";
import type { RegionId, SystemId } from "../model/region.ts";
import type { Secret } from "../std/secret.ts";

/** What lies on disk, learnt without starting anything. */
export type DataDirectory =
  | { readonly kind: "absent" }
  /** A creation or a clone began here and did not end; it may be removed. */
  | { readonly kind: "unfinished" }
  | {
      readonly kind: "present";
      readonly systemId: SystemId;
      /** `standby.signal` is there: it would start as a standby. */
      readonly isStandby: boolean;
      readonly end: DataEnd;
    };

/** How far the data had come when their server last wrote it down, as `global/pg_control` has it. */
export type DataEnd = {
  readonly timeline: number;
  /** A primary's: where the record of its last checkpoint begins. A standby's: it has replayed at least this. */
  readonly lsn: Lsn;
  /** The server was shut down cleanly: in a primary's WAL, nothing follows that checkpoint's record. */
  readonly isClean: boolean;
};

/** What a clean shutdown of a primary leaves: a secondary that has replayed beyond `lsn` has everything. */
export type Token = {
  readonly systemId: SystemId;
  readonly timeline: number;
  /** Where the record of the shutdown checkpoint begins. */
  readonly lsn: Lsn;
};

/** A login that must exist, in the shape of `leeward.yaml`. */
export type RoleSpec = {
  readonly name: string;
  readonly login: boolean;
  readonly superuser: boolean;
  readonly replication: boolean;
  readonly memberOf: readonly PredefinedRole[];
  readonly password: Secret | undefined;
};

export type CreateSpec = {
  /** The SQL database that applications connect to, made at creation. */
  readonly databaseName: string;
  readonly roles: readonly RoleSpec[];
  /** Owns the database; one of `roles`. */
  readonly owner: string | undefined;
};

/** Where a standby streams from, through the link. */
export type Upstream = {
  readonly address: Address;
  readonly slot: string;
  /** How the standby calls itself on the upstream (`application_name`). */
  readonly applicationName: string;
};

/**
 * A running server is started as one of these; nothing else ever starts it. A primary refuses its clients' writes
 * (25006) until `openWrites`, so that nothing is acknowledged before the evidence slots are there.
 */
export type StartAs =
  | { readonly kind: "primary" }
  | { readonly kind: "secondary"; readonly upstream: Upstream }
  /**
   * With `standby.signal` and no upstream: serves reads, refuses writes with 25006. `passOver`: the forks of a system
   * whose later timelines are given up; it stays on its own, and its promotion takes a number above theirs.
   */
  | { readonly kind: "fenced"; readonly passOver?: readonly Fork[] };

export type CloneProgress = {
  readonly receivedBytes: number;
  /** The writer's estimate; undefined until it is known. */
  readonly totalBytes: number | undefined;
};

/** What a running server says about itself. */
export type ServerStatus = {
  readonly systemId: SystemId;
  readonly timeline: number;
  readonly isInRecovery: boolean;
  /** Primary: flushed. Standby: received and flushed. */
  readonly flushedLsn: Lsn;
  /** Standby: replayed. Primary: the same as `flushedLsn`. */
  readonly replayedLsn: Lsn;
  /** Standby only: the WAL receiver streams now. */
  readonly isStreaming: boolean;
};

/** The replication of one secondary as the writer sees it. All ages are measured on the writer's own clock. */
export type ReplicaLag = {
  readonly slot: string;
  readonly isStreaming: boolean;
  readonly flushedLsn: Lsn | undefined;
  readonly replayedLsn: Lsn | undefined;
  /** WAL bytes that the secondary has not replayed. */
  readonly lagBytes: number | undefined;
  /** Age of the oldest commit that the secondary has not replayed; 0 when there is none. */
  readonly lagMs: number | undefined;
  /** Age of the oldest commit that the secondary has not flushed; 0 when there is none. */
  readonly rpoLagMs: number | undefined;
  /** Age of the oldest WAL, commit or not, that the secondary has not flushed. */
  readonly progressLagMs: number | undefined;
  /** Bytes of WAL sent to it since the writer's agent first saw it. */
  readonly sentBytes: number;
  /** False once PostgreSQL removed WAL that the slot needs: the secondary has to be rebuilt. */
  readonly slotIsIntact: boolean;
  /** Where the WAL begins that this server still has. */
  readonly walFromLsn: Lsn | undefined;
  /** What a failover to this secondary would lose now; undefined while it is not known. */
  readonly loss: ReplicaLoss | undefined;
};

/** Counted from the commit records in the WAL that the secondary has not flushed, Leeward's own left out. */
export type ReplicaLoss = {
  readonly transactions: number;
  readonly bytes: number;
  /** False when there was more WAL than one reading may take: then there are at least so many. */
  readonly isExact: boolean;
};

export interface Postgres {
  /**
   * @throws Failure `postgres.other-major` when it was made by another major version; `state.damaged` when
   * it cannot be read.
   */
  inspect(signal: AbortSignal): Promise<DataDirectory>;
  /** What is free on the disk of the instance, in bytes; undefined before there is a place for it. */
  diskFreeBytes(): number | undefined;
  /** Removes an unfinished creation or clone, and, with `force`, a finished one. The server must not run. */
  remove(options: { readonly force: boolean }, signal: AbortSignal): Promise<void>;
  /** A new database system with its roles and database; leaves it stopped. Removes its remains when it fails. */
  create(spec: CreateSpec, signal: AbortSignal): Promise<SystemId>;
  /**
   * Makes the upstream's slot anew, then BASE_BACKUP over the replication protocol, streamed, checked against the manifest; leaves a stopped standby.
   * Removes its remains when it fails.
   * @throws Failure `postgres.clone-failed`, `postgres.other-cluster` when the upstream is not `systemId`, `disk.full`
   */
  clone(
    upstream: Upstream,
    systemId: SystemId,
    onProgress: (progress: CloneProgress) => void,
    signal: AbortSignal,
  ): Promise<void>;
  /**
   * Takes over a server that already runs on the data directory (an agent was killed and is back).
   * Answers whether there was one; removes a stale pid file when there was none.
   */
  adopt(signal: AbortSignal): Promise<boolean>;
  /**
   * Starts and settles once connections are accepted.
   * @throws Failure `postgres.start-failed`, `disk.full`
   */
  start(as: StartAs, signal: AbortSignal): Promise<void>;
  /**
   * `fast`: clean, with a shutdown checkpoint; it waits for connected secondaries, for at most 15 s, then it is no
   * longer clean. `immediate`: at once. Every backend is gone when either settles. No-op when stopped.
   * Answers whether it ended cleanly.
   * @throws Failure `postgres.stop-failed`
   */
  stop(mode: "fast" | "immediate", signal: AbortSignal): Promise<boolean>;
  /**
   * Kills every process of the server at once, stopped ones as well, and settles when the last one is gone. May be
   * called at any time, also while another method is under way, which then fails or finds the server ended.
   * @throws Failure `postgres.stop-failed` when a process does not even end by SIGKILL
   */
  fence(signal: AbortSignal): Promise<void>;
  /** Whether the server process lives; needs no connection. */
  isRunning(): boolean;
  /** Settles when the running server and all its backends have ended, with how; at once when none runs. */
  ended(signal: AbortSignal): Promise<string>;
  status(signal: AbortSignal): Promise<ServerStatus>;
  /**
   * Makes the physical slots named and drops Leeward's others that nobody uses: a slot without an owner keeps WAL
   * until the disk is full. Also on a standby that others stream from.
   */
  ensureSlots(slots: readonly string[], signal: AbortSignal): Promise<void>;
  /** One reading for each of the slots named, against the WAL that this server has. */
  replicaLags(slots: readonly string[], signal: AbortSignal): Promise<readonly ReplicaLag[]>;
  /** Points a running standby at another upstream, by a reload. */
  follow(upstream: Upstream, signal: AbortSignal): Promise<void>;
  /** Writes a checkpoint, so that the one of the shutdown that follows is short. */
  checkpoint(signal: AbortSignal): Promise<void>;
  /**
   * Makes a running standby the primary, and settles when it is out of recovery; writes stay closed. Answers where
   * its timeline left the old one; the same again when it was promoted before.
   * @throws Failure `postgres.promote-failed`
   */
  promote(signal: AbortSignal): Promise<Fork>;
  /**
   * On a primary: makes the evidence slot of each SQL database that lacks one, writes `mark` where every secondary
   * will see it, and lets writes in. No-op (but for the mark) when they are open.
   */
  openWrites(mark: WriteMark, signal: AbortSignal): Promise<void>;
  /**
   * The token of a primary that was shut down, or is being: there is one as soon as its shutdown checkpoint is durable,
   * a round trip before the shutdown ends. @throws Failure `postgres.stop-failed` while there is none
   */
  token(signal: AbortSignal): Promise<Token>;
  /**
   * One small durable write by Leeward itself, in the database `postgres`, to the server at `at` (its own, or its
   * upstream's address). Answers whether it was acknowledged, within 2 s, and 5 s to log in. Keeps a connection for each address
   * until `closeProbes`.
   */
  probe(at: Address, signal: AbortSignal): Promise<boolean>;
  closeProbes(): void;
  /** On a primary: makes evidence slots for new SQL databases, lets go of WAL up to `flushedLsn`, and reads them. */
  advanceEvidence(
    flushedLsn: Lsn | undefined,
    signal: AbortSignal,
  ): Promise<readonly EvidenceSlot[]>;
  /** On a standby that was a primary: its evidence slots would keep WAL for ever. */
  dropEvidenceSlots(signal: AbortSignal): Promise<void>;
  /**
   * Commits wait until one of these standbys (by `application_name`) has them on disk; of none when empty. By a
   * reload; no-op when it is so already.
   */
  setSynchronous(standbys: readonly string[], signal: AbortSignal): Promise<void>;
  /** How many commits gave up waiting for a standby since this door was made: they may be lost by a failover. */
  cancelledWaits(signal: AbortSignal): Promise<number>;
  /**
   * Moves the data directory, whole and read-only, to where evidence is kept, under `note.name`; the next one can be
   * cloned. The server must not run. Asked again after it was interrupted, it ends what was begun.
   */
  setAside(note: EvidenceNote, signal: AbortSignal): Promise<void>;
  evidence(signal: AbortSignal): Promise<readonly EvidenceItem[]>;
  /** No-op when there is none of this name. */
  removeEvidence(name: string, signal: AbortSignal): Promise<void>;
}

/** Proof of a new topology: a row that each secondary replays. */
export type WriteMark = { readonly epoch: number; readonly operation: string };

/** Which Region's instance a slot belongs to, for the agent that reports lags. */
export type SlotOwner = {
  readonly slot: string;
  readonly region: RegionId;
  readonly number: number;
};
