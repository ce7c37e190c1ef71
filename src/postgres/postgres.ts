/**
 * One PostgreSQL instance, as the rest of the program needs it: its data directory, its server process, and
 * what it says about itself. The real one is `server.ts`; the simulator has a twin.
 */
import type { Address } from "../model/address.ts";
import type { Lsn } from "../model/lsn.ts";
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
    };

/** A login that must exist, in the shape of `leeward.yaml`. */
export type RoleSpec = {
  readonly name: string;
  readonly login: boolean;
  readonly superuser: boolean;
  readonly replication: boolean;
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

/** A running server is started as one of these; nothing else ever starts it. */
export type StartAs =
  | { readonly kind: "primary" }
  | { readonly kind: "secondary"; readonly upstream: Upstream }
  /** With `standby.signal` and no upstream: serves reads, refuses writes with 25006. */
  | { readonly kind: "fenced" };

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
};

export interface Postgres {
  /**
   * @throws Failure `postgres.other-major` when it was made by another major version; `state.damaged` when
   * it cannot be read.
   */
  inspect(signal: AbortSignal): Promise<DataDirectory>;
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
   * @throws Failure `postgres.stop-failed`
   */
  stop(mode: "fast" | "immediate", signal: AbortSignal): Promise<void>;
  /** Whether the server process lives; needs no connection. */
  isRunning(): boolean;
  /** Settles when the running server and all its backends have ended, with how; at once when none runs. */
  ended(signal: AbortSignal): Promise<string>;
  status(signal: AbortSignal): Promise<ServerStatus>;
  /** Makes the physical slots named, keeps those it does not know. Also on a standby that others stream from. */
  ensureSlots(slots: readonly string[], signal: AbortSignal): Promise<void>;
  /** One reading for each of the slots named, against the WAL that this server has. */
  replicaLags(slots: readonly string[], signal: AbortSignal): Promise<readonly ReplicaLag[]>;
  /** Points a running standby at another upstream, by a reload. */
  follow(upstream: Upstream, signal: AbortSignal): Promise<void>;
}

/** Which Region's instance a slot belongs to, for the agent that reports lags. */
export type SlotOwner = {
  readonly slot: string;
  readonly region: RegionId;
  readonly number: number;
};
