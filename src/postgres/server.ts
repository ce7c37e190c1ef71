/** The real PostgreSQL instance: a directory, a server process, and a connection to it. */
import { describeError, Failure } from "../model/failure.ts";
import { parseLsn, type Lsn } from "../model/lsn.ts";
import type { SystemId } from "../model/region.ts";
import { renderConnectionInfo } from "./configuration.ts";
import { writeUpstream } from "./configuration-files.ts";
import { cloneData, createData, removeDataDirectory } from "./data-operations.ts";
import { DISK_RESERVE_BYTES } from "./disk-space.ts";
import { inspectInstance, instancePaths } from "./instance-directory.ts";
import type { Instance } from "./instance.ts";
import { boundLog } from "./log-file.ts";
import type {
  CloneProgress,
  CreateSpec,
  DataDirectory,
  Postgres,
  ReplicaLag,
  ServerStatus,
  StartAs,
  Upstream,
} from "./postgres.ts";
import { Postmaster } from "./postmaster.ts";
import { ensureSlotsQuery, statusQuery, type StatusRow } from "./queries.ts";
import { ReplicaLagReader } from "./replica-lag.ts";
import { SqlConnection } from "./sql-connection.ts";

export type PostgresServerOptions = Omit<
  Instance,
  "paths" | "settings" | "slotWalKeepMegabytes" | "diskReserveBytes"
> & {
  /** The instance's own directory, absolute; made when it is missing. */
  readonly directory: string;
  readonly settings?: Instance["settings"];
  readonly slotWalKeepMegabytes?: number;
  readonly diskReserveBytes?: number;
};

/**
 * 8 GiB of WAL is a busy hour; beyond it a secondary that is away is rebuilt, because the writer's disk matters
 * more than its return.
 */
const SLOT_WAL_KEEP_MEGABYTES = 8 * 1024;

/** The log grows slowly; a look at its size costs a system call. */
const LOG_CHECK_MS = 10_000;

/** A reload is a signal that each process of the server answers at its next pause. */
const RELOAD_MS_MAX = 5000;
const RELOAD_POLL_MS = 10;

export class PostgresServer implements Postgres {
  readonly #instance: Instance;
  readonly #postmaster: Postmaster;
  readonly #sql: SqlConnection;
  readonly #lags: ReplicaLagReader;
  #logCheckedMs = -Infinity;

  constructor(options: PostgresServerOptions) {
    const { directory, ...rest } = options;
    this.#instance = {
      settings: [],
      slotWalKeepMegabytes: SLOT_WAL_KEEP_MEGABYTES,
      diskReserveBytes: DISK_RESERVE_BYTES,
      ...rest,
      paths: instancePaths(directory),
    };
    this.#postmaster = new Postmaster(this.#instance);
    this.#sql = new SqlConnection(options.address, options.passwords.superuser);
    this.#lags = new ReplicaLagReader(this.#sql.query.bind(this.#sql), options.clock);
  }

  async inspect(): Promise<DataDirectory> {
    return inspectInstance(this.#instance.paths, this.#instance.installation.major);
  }

  async remove(options: { readonly force: boolean }, signal: AbortSignal): Promise<void> {
    await removeDataDirectory(this.#instance, options.force, signal);
  }

  async create(spec: CreateSpec, signal: AbortSignal): Promise<SystemId> {
    return createData(this.#instance, spec, signal);
  }

  async clone(
    upstream: Upstream,
    systemId: SystemId,
    onProgress: (progress: CloneProgress) => void,
    signal: AbortSignal,
  ): Promise<void> {
    await cloneData(this.#instance, { upstream, systemId }, onProgress, signal);
  }

  async adopt(signal: AbortSignal): Promise<boolean> {
    return this.#postmaster.adopt(signal);
  }

  async start(as: StartAs, signal: AbortSignal): Promise<void> {
    const found = await this.inspect();
    if (found.kind !== "present") {
      const { data } = this.#instance.paths;
      throw new Failure(
        "postgres.data-missing",
        `There is no data directory at ${data} to start on`,
      );
    }
    this.#sql.close();
    await this.#postmaster.start(as, signal);
    try {
      await this.#sql.query("select", [], signal);
    } catch (cause) {
      await this.stop("immediate", new AbortController().signal);
      signal.throwIfAborted();
      const because = "PostgreSQL was ready, but does not answer Leeward's own login";
      throw new Failure("postgres.start-failed", because, { cause });
    }
  }

  async stop(mode: "fast" | "immediate", signal: AbortSignal): Promise<void> {
    this.#sql.close();
    await this.#postmaster.stop(mode, signal);
  }

  /** Immediate shutdown, not waited for. */
  abandon(): void {
    this.#postmaster.abandon();
  }

  isRunning(): boolean {
    return this.#postmaster.isRunning();
  }

  async ended(signal: AbortSignal): Promise<string> {
    return this.#postmaster.ended(signal);
  }

  /** Lets go of the server without stopping it: this program ends, the next one adopts. */
  close(): void {
    this.#sql.close();
  }

  async status(signal: AbortSignal): Promise<ServerStatus> {
    await this.#boundLog();
    const [row] = await this.#sql.query<StatusRow>(statusQuery, [], signal);
    const flushedLsn = row && parseLsn(row.flushed);
    const replayedLsn = row && parseLsn(row.replayed);
    if (!row || flushedLsn === undefined || replayedLsn === undefined) {
      throw new Failure("postgres.query-failed", "PostgreSQL does not say where its WAL ends");
    }
    return {
      systemId: row.system_id as SystemId,
      timeline: row.timeline,
      isInRecovery: row.is_in_recovery,
      flushedLsn: higher(flushedLsn, replayedLsn),
      replayedLsn,
      isStreaming: row.is_streaming,
    };
  }

  async ensureSlots(slots: readonly string[], signal: AbortSignal): Promise<void> {
    await this.#sql.query(ensureSlotsQuery, [slots], signal);
  }

  async replicaLags(slots: readonly string[], signal: AbortSignal): Promise<readonly ReplicaLag[]> {
    return this.#lags.read(slots, signal);
  }

  async follow(upstream: Upstream, signal: AbortSignal): Promise<void> {
    const { clock, paths } = this.#instance;
    await writeUpstream(this.#instance, upstream);
    this.#postmaster.reload();
    const wanted = renderConnectionInfo(upstream, paths.passFile);
    const deadline = clock.monotonicMs() + RELOAD_MS_MAX;
    for (;;) {
      const query = "select current_setting('primary_conninfo') = $1 as is_read";
      const [row] = await this.#sql.query<{ is_read: boolean }>(query, [wanted], signal);
      if (row?.is_read) return;
      if (clock.monotonicMs() > deadline) {
        const because = "did an ALTER SYSTEM of its own set primary_conninfo?";
        throw new Failure(
          "postgres.query-failed",
          `The new upstream does not take effect; ${because}`,
        );
      }
      await clock.sleep(RELOAD_POLL_MS, signal);
    }
  }

  /** Never the reason that a status is not read. */
  async #boundLog(): Promise<void> {
    const { clock, log, paths } = this.#instance;
    if (clock.monotonicMs() - this.#logCheckedMs < LOG_CHECK_MS) return;
    this.#logCheckedMs = clock.monotonicMs();
    await boundLog(paths.log).catch((error: unknown) => {
      log.warn("postgres.log-unbounded", { path: paths.log, because: describeError(error) });
    });
  }
}

function higher(a: Lsn, b: Lsn): Lsn {
  return a > b ? a : b;
}
