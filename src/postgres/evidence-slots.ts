/**
 * The evidence slots of a primary: one logical slot for each of its SQL databases, never behind what a secondary
 * that may be promoted has on disk. After a failover they make the rows readable that did not survive it.
 */
import type { Clock, Log } from "../env/env.ts";
import { describeError } from "../model/failure.ts";
import type { EvidenceSlot } from "../model/evidence.ts";
import { formatLsn, parseLsn, type Lsn } from "../model/lsn.ts";
import {
  dropSlotQuery,
  evidenceSlotsQuery,
  type EvidenceSlotRow,
  writableDatabasesQuery,
} from "./queries.ts";
import type { SqlConnection } from "./sql-connection.ts";

/**
 * It waits for the transactions that write now, and a prepared one may stay for ever. A new primary has no others;
 * its writes wait for it, and are not to wait for long.
 */
const MAKE_SLOT_MS_MAX = 2000;

/** A transaction that stays is not waited for at every reading. */
const MAKE_AGAIN_MS = 30_000;

/** Each is a connection of its own, because a slot belongs to the database that one is connected to. */
const MAKE_AT_ONCE_MAX = 8;

/** An advance decodes what it passes: not for a few kilobytes, unless they have lain there for a while. */
const ADVANCE_BYTES_MIN = 1024n * 1024n;
const ADVANCE_MS_MAX = 10_000;

/** Ten times what it takes. */
const ADVANCE_QUERY_MS_MAX = 5000;

/** What is decoded in one query, 0.5 s at most; a secondary that comes back with gigabytes takes several. */
const ADVANCE_BYTES_MAX = 32n * 1024n * 1024n;

/** PostgreSQL notes the oldest running transaction every 15 s; after four of them it is the transaction. */
const PINNED_MS = 60_000;

type Memory = {
  advancedMs: number;
  restartLsn: Lsn | undefined;
  restartSinceMs: number;
  /** Made anew after it was lost: what was written before lies in no slot, until the secondaries have it. */
  gapEnd: Lsn | undefined;
};

export type EvidenceSlotsDoors = {
  readonly sql: SqlConnection;
  /** A connection to another database of this server; whoever asks for it closes it. */
  readonly connect: (database: string, queryTimeoutMs: number) => SqlConnection;
  readonly clock: Clock;
  readonly log: Log;
};

export class EvidenceSlots {
  readonly #doors: EvidenceSlotsDoors;
  #memory = new Map<string, Memory>();
  /** Logged in before their slots can be made, by database. */
  readonly #prepared = new Map<string, SqlConnection>();
  #preparation: Promise<void> = Promise.resolve();
  /** When a slot could not be made. */
  readonly #failedMs = new Map<string, number>();

  constructor(doors: EvidenceSlotsDoors) {
    this.#doors = doors;
  }

  /**
   * Logs in where slots will have to be made, beside a promotion that goes on: a login takes longer than a slot.
   * Without it `makeMissing` does the same, only later.
   */
  prepare(signal: AbortSignal): void {
    this.#preparation = this.#prepare(signal).catch(() => undefined);
  }

  /** Closes what was prepared. */
  close(): void {
    for (const connection of this.#prepared.values()) connection.close();
    this.#prepared.clear();
  }

  /** Writes are not refused for the lack of one: it is missing in the readings, and made at the next of them. */
  async makeMissing(signal: AbortSignal): Promise<void> {
    try {
      const rows = await this.#read(signal);
      await this.#preparation;
      await this.#make(rows, signal);
    } finally {
      this.close();
    }
  }

  async advance(
    flushedLsn: Lsn | undefined,
    signal: AbortSignal,
  ): Promise<readonly EvidenceSlot[]> {
    const found = await this.#read(signal);
    for (const row of found.filter(({ is_lost }) => is_lost)) await this.#giveUp(row, signal);
    const hasMade = await this.#make(found.filter(this.#isWorthMaking), signal);
    const rows = hasMade ? await this.#read(signal) : found;
    this.#forgetAllBut(rows);
    let hasAdvanced = false;
    for (const row of rows) {
      if (await this.#advanceOne(row, flushedLsn, signal)) hasAdvanced = true;
    }
    const read = hasAdvanced ? await this.#read(signal) : rows;
    return read.map((row) => this.#describe(row, flushedLsn));
  }

  /** Also on a standby. */
  async drop(signal: AbortSignal): Promise<void> {
    await this.#doors.sql.query(
      `select pg_drop_replication_slot(slot_name) from pg_replication_slots
        where slot_type = 'logical' and slot_name like 'leeward\\_evidence\\_%' and not active`,
      [],
      signal,
    );
    this.#memory.clear();
  }

  async #prepare(signal: AbortSignal): Promise<void> {
    const { sql, connect } = this.#doors;
    const rows = await sql.query<{ database: string }>(writableDatabasesQuery, [], signal);
    this.close();
    for (const { database } of rows.slice(0, MAKE_AT_ONCE_MAX)) {
      const connection = connect(database, MAKE_SLOT_MS_MAX);
      this.#prepared.set(database, connection);
      // Whoever makes the slot hears of it if this fails.
      connection.query("select", [], signal).catch(() => undefined);
    }
  }

  async #read(signal: AbortSignal): Promise<readonly EvidenceSlotRow[]> {
    return this.#doors.sql.query<EvidenceSlotRow>(evidenceSlotsQuery, [], signal);
  }

  async #make(rows: readonly EvidenceSlotRow[], signal: AbortSignal): Promise<boolean> {
    const missing = rows.filter(({ confirmed, is_lost }) => confirmed === null || is_lost);
    for (let at = 0; at < missing.length; at += MAKE_AT_ONCE_MAX) {
      const some = missing.slice(at, at + MAKE_AT_ONCE_MAX);
      await Promise.all(some.map(async (row) => this.#makeOne(row, signal)));
    }
    return missing.length > 0;
  }

  readonly #isWorthMaking = ({ slot }: EvidenceSlotRow): boolean => {
    const failedMs = this.#failedMs.get(slot);
    return failedMs === undefined || this.#doors.clock.monotonicMs() - failedMs >= MAKE_AGAIN_MS;
  };

  async #makeOne({ database, slot }: EvidenceSlotRow, signal: AbortSignal): Promise<void> {
    const connection =
      this.#prepared.get(database) ?? this.#doors.connect(database, MAKE_SLOT_MS_MAX);
    try {
      const text = "select from pg_create_logical_replication_slot($1, 'test_decoding')";
      await connection.query(text, [slot], signal);
      this.#failedMs.delete(slot);
    } catch (error) {
      signal.throwIfAborted();
      this.#failedMs.set(slot, this.#doors.clock.monotonicMs());
      this.#doors.log.warn("postgres.evidence-slot-missing", {
        database,
        slot,
        because: describeError(error),
      });
    } finally {
      connection.close();
    }
  }

  /** PostgreSQL gave up its WAL; it keeps none any more, and a new one covers what is written from now on. */
  async #giveUp(row: EvidenceSlotRow, signal: AbortSignal): Promise<void> {
    const { sql, log } = this.#doors;
    log.warn("postgres.evidence-slot-lost", { database: row.database, slot: row.slot });
    await sql.query(dropSlotQuery, [row.slot], signal);
    this.#remember(row.slot).gapEnd = parseLsn(row.wal_end);
  }

  async #advanceOne(
    row: EvidenceSlotRow,
    flushedLsn: Lsn | undefined,
    signal: AbortSignal,
  ): Promise<boolean> {
    const { connect, clock } = this.#doors;
    const confirmed = optionalLsn(row.confirmed);
    if (confirmed === undefined || flushedLsn === undefined || flushedLsn <= confirmed)
      return false;
    const memory = this.#remember(row.slot);
    const nowMs = clock.monotonicMs();
    const isSmall = flushedLsn - confirmed < ADVANCE_BYTES_MIN;
    if (isSmall && nowMs - memory.advancedMs < ADVANCE_MS_MAX) return false;
    memory.advancedMs = nowMs;
    const limit = confirmed + ADVANCE_BYTES_MAX;
    const target = formatLsn((flushedLsn < limit ? flushedLsn : limit) as Lsn);
    // Before PostgreSQL 17 it has to be asked in the slot's own database.
    const connection = connect(row.database, ADVANCE_QUERY_MS_MAX);
    try {
      const text =
        "select pg_replication_slot_advance($1, least($2::pg_lsn, pg_current_wal_flush_lsn()))";
      await connection.query(text, [row.slot, target], signal);
    } finally {
      connection.close();
    }
    return true;
  }

  #describe(row: EvidenceSlotRow, flushedLsn: Lsn | undefined): EvidenceSlot {
    const confirmedLsn = optionalLsn(row.confirmed);
    const memory = this.#remember(row.slot);
    const { gapEnd } = memory;
    if (gapEnd !== undefined && flushedLsn !== undefined && flushedLsn >= gapEnd) {
      memory.gapEnd = undefined;
    }
    return {
      database: row.database,
      confirmedLsn,
      retainedBytes: Number(row.retained_bytes ?? 0),
      isIntact: confirmedLsn !== undefined && !row.is_lost && memory.gapEnd === undefined,
      isPinned: this.#isPinned(row, memory),
    };
  }

  /** The slot was let go of further than the WAL that it keeps: a transaction that is open needs the rest. */
  #isPinned(row: EvidenceSlotRow, memory: Memory): boolean {
    const [confirmed, restart] = [optionalLsn(row.confirmed), optionalLsn(row.restart)];
    const nowMs = this.#doors.clock.monotonicMs();
    if (restart !== memory.restartLsn) {
      memory.restartLsn = restart;
      memory.restartSinceMs = nowMs;
    }
    if (confirmed === undefined || restart === undefined) return false;
    return confirmed - restart >= ADVANCE_BYTES_MIN && nowMs - memory.restartSinceMs >= PINNED_MS;
  }

  #remember(slot: string): Memory {
    const known = this.#memory.get(slot);
    if (known) return known;
    const nowMs = this.#doors.clock.monotonicMs();
    const made: Memory = {
      advancedMs: nowMs,
      restartLsn: undefined,
      restartSinceMs: nowMs,
      gapEnd: undefined,
    };
    this.#memory.set(slot, made);
    return made;
  }

  #forgetAllBut(rows: readonly EvidenceSlotRow[]): void {
    const slots = new Set(rows.map(({ slot }) => slot));
    for (const slot of this.#memory.keys()) if (!slots.has(slot)) this.#memory.delete(slot);
  }
}

function optionalLsn(text: string | null): Lsn | undefined {
  return text === null ? undefined : parseLsn(text);
}
