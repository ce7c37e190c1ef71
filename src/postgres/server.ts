/** The real PostgreSQL instance: a directory, a server process, and a connection to it. */
import { describeError, Failure } from "../model/failure.ts";
import type { Address } from "../model/address.ts";
import type { EvidenceItem, EvidenceNote, EvidenceSlot } from "../model/evidence.ts";
import type { Fork } from "../model/fork.ts";
import { parseLsn, type Lsn } from "../model/lsn.ts";
import type { SystemId } from "../model/region.ts";
import { onAbort } from "../std/on-abort.ts";
import { CancelledWaits } from "./cancelled-waits.ts";
import {
  closedWrites,
  openedWrites,
  synchronousSettings,
  upstreamSettings,
} from "./configuration.ts";
import { writePassFile } from "./configuration-files.ts";
import { cloneData, createData, removeDataDirectory } from "./data-operations.ts";
import { DISK_RESERVE_BYTES, freeBytes } from "./disk-space.ts";
import { keepAsEvidence, listEvidence, removeEvidence } from "./evidence-directory.ts";
import { EvidenceSlots } from "./evidence-slots.ts";
import { inspectInstance, instancePaths, readControlFile } from "./instance-directory.ts";
import type { Instance } from "./instance.ts";
import { SettingsChanger } from "./live-settings.ts";
import { boundLog } from "./log-file.ts";
import { markScript, ownObjects, ownObjectsAreThere } from "./own-objects.ts";
import type {
  CloneProgress,
  CreateSpec,
  DataDirectory,
  Postgres,
  ReplicaLag,
  ServerStatus,
  StartAs,
  Token,
  Upstream,
  WriteMark,
} from "./postgres.ts";
import { Postmaster } from "./postmaster.ts";
import { promote } from "./promotion.ts";
import { dropOtherSlotsQuery, ensureSlotsQuery, statusQuery, type StatusRow } from "./queries.ts";
import { ReplicaLagReader } from "./replica-lag.ts";
import { SqlConnection, type SqlConnectionOptions, sqlState } from "./sql-connection.ts";
import { WriteProbes } from "./write-probes.ts";

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

/** It writes what is dirty in memory: 1 GiB to a disk that takes 10 MB/s. */
const CHECKPOINT_MS_MAX = 120_000;

/** PostgreSQL's code for a slot that somebody uses. */
const OBJECT_IN_USE = "55006";

export class PostgresServer implements Postgres {
  readonly #instance: Instance;
  readonly #postmaster: Postmaster;
  readonly #sql: SqlConnection;
  readonly #lags: ReplicaLagReader;
  readonly #settings: SettingsChanger;
  readonly #evidenceSlots: EvidenceSlots;
  readonly #probes: WriteProbes;
  readonly #cancelledWaits: CancelledWaits;
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
    this.#settings = new SettingsChanger(this.#instance, this.#sql, () =>
      this.#postmaster.reload(),
    );
    this.#evidenceSlots = new EvidenceSlots({
      sql: this.#sql,
      connect: (database, queryTimeoutMs) => this.#connect({ database, queryTimeoutMs }),
      clock: options.clock,
      log: options.log,
    });
    this.#probes = new WriteProbes(options.passwords.superuser);
    this.#cancelledWaits = new CancelledWaits(this.#instance.paths.log);
  }

  async inspect(): Promise<DataDirectory> {
    return inspectInstance(this.#instance.paths, this.#instance.installation.major);
  }

  diskFreeBytes(): number | undefined {
    return freeBytes(this.#instance.paths.directory);
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
    this.#closeOwn();
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

  async stop(mode: "fast" | "immediate", signal: AbortSignal): Promise<boolean> {
    this.#closeOwn();
    const isAsAsked = await this.#postmaster.stop(mode, signal);
    const isClean = await readControlFile(this.#instance.paths.data).then(
      ({ end }) => end.isClean,
      () => false,
    );
    return isAsAsked && isClean;
  }

  async fence(signal: AbortSignal): Promise<void> {
    this.#closeOwn();
    await this.#postmaster.fence(signal);
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
    this.#closeOwn();
    this.#probes.close();
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
    await this.#sql.query(dropOtherSlotsQuery, [slots], signal).catch((error: unknown) => {
      // Whose it is has just come; the next call looks again.
      if (sqlState(error) !== OBJECT_IN_USE) throw error;
    });
  }

  async replicaLags(slots: readonly string[], signal: AbortSignal): Promise<readonly ReplicaLag[]> {
    return this.#lags.read(slots, signal);
  }

  async follow(upstream: Upstream, signal: AbortSignal): Promise<void> {
    await writePassFile(this.#instance);
    await this.#settings.change(upstreamSettings(upstream, this.#instance.paths.passFile), signal);
  }

  async checkpoint(signal: AbortSignal): Promise<void> {
    const connection = this.#connect({ queryTimeoutMs: CHECKPOINT_MS_MAX });
    const forget = onAbort(signal, () => connection.close());
    try {
      await connection.query("checkpoint", [], signal);
    } finally {
      forget();
      connection.close();
    }
  }

  async promote(signal: AbortSignal): Promise<Fork> {
    const { paths, clock } = this.#instance;
    const doors = {
      sql: this.#sql,
      clock,
      data: paths.data,
      closeWrites: async () => this.#settings.change(closedWrites, signal),
      prepare: () => this.#evidenceSlots.prepare(signal),
    };
    return promote(doors, signal);
  }

  async openWrites(mark: WriteMark, signal: AbortSignal): Promise<void> {
    const [row] = await this.#sql.query<{ are_there: boolean }>(ownObjectsAreThere, [], signal);
    if (!row?.are_there) {
      await this.#sql.script(`begin read write; ${ownObjects.join("; ")}; commit`, signal);
    }
    // In this order: what is acknowledged to a client lies behind a slot and behind the mark.
    await this.#evidenceSlots.makeMissing(signal);
    await this.#sql.script(markScript(mark.epoch, mark.operation), signal);
    await this.#settings.change(openedWrites, signal);
  }

  async token(): Promise<Token> {
    const { data } = this.#instance.paths;
    const found = await this.inspect();
    // The control file says so as soon as the shutdown checkpoint is durable: by then no backend is left, and the
    // server only waits for its secondaries to have it, too.
    if (found.kind === "present" && !found.isStandby && found.end.isClean) {
      const { timeline, lsn } = found.end;
      return { systemId: found.systemId, timeline, lsn };
    }
    const because = "it is not that of a primary which was shut down cleanly";
    throw new Failure("postgres.stop-failed", `${data} has no token: ${because}`);
  }

  async probe(at: Address, signal: AbortSignal): Promise<boolean> {
    return this.#probes.probe(at, signal);
  }

  closeProbes(): void {
    this.#probes.close();
  }

  async advanceEvidence(
    flushedLsn: Lsn | undefined,
    signal: AbortSignal,
  ): Promise<readonly EvidenceSlot[]> {
    return this.#evidenceSlots.advance(flushedLsn, signal);
  }

  async dropEvidenceSlots(signal: AbortSignal): Promise<void> {
    await this.#evidenceSlots.drop(signal);
  }

  async setSynchronous(standbys: readonly string[], signal: AbortSignal): Promise<void> {
    await this.#settings.change(synchronousSettings(standbys), signal);
  }

  async cancelledWaits(): Promise<number> {
    return this.#cancelledWaits.count();
  }

  async setAside(note: EvidenceNote): Promise<void> {
    await keepAsEvidence(this.#instance.paths, note);
  }

  async evidence(): Promise<readonly EvidenceItem[]> {
    return listEvidence(this.#instance.paths);
  }

  async removeEvidence(name: string): Promise<void> {
    await removeEvidence(this.#instance.paths, name);
  }

  /** The connections to this server. */
  #closeOwn(): void {
    this.#sql.close();
    this.#evidenceSlots.close();
  }

  #connect(options: SqlConnectionOptions): SqlConnection {
    const { address, passwords } = this.#instance;
    return new SqlConnection(address, passwords.superuser, options);
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
