/** Where an instance is in its WAL, each in one cheap question. */
import { Failure } from "../model/failure.ts";
import type { SystemId } from "../model/region.ts";
import type { Witness } from "./commit-witness.ts";
import type { TextRow } from "./internal-connection.ts";
import { EVERYTHING } from "./replay-watch.ts";
import {
  formatLsnNumber,
  parseLsnNumber,
  roundDownOutOfPageHeader,
  type Token,
  type WalPoint,
} from "./token.ts";

/** An `InternalConnection`. */
export type Questions = {
  query(sql: string, signal: AbortSignal): Promise<readonly TextRow[]>;
};

/**
 * A standby's timeline is its receiver's while it has one. Without, it is the newest whose WAL it has, because the
 * control file names an old one until a restartpoint. It may be ahead of what has been replayed, by no more than lies
 * before the fork, and a token of the new timeline lies behind it.
 */
const replayQuery = `
select pg_last_wal_replay_lsn()::text,
       coalesce((select received_tli from pg_stat_get_wal_receiver()),
                (select max(('x' || substr(name, 1, 8))::bit(32)::int)
                   from pg_ls_waldir() where name ~ '^[0-9A-F]{24}$'),
                (select timeline_id from pg_control_checkpoint()))::text
 where pg_is_in_recovery()`;

const writerTimeline =
  "('x' || substr(pg_walfile_name(pg_current_wal_flush_lsn()), 1, 8))::bit(32)::int::text";

const ownTimelineQuery = `select ${writerTimeline}`;

const writerQuery = `
select pg_current_wal_flush_lsn()::text,
       ${writerTimeline},
       pg_current_wal_insert_lsn()::text,
       pg_size_bytes(current_setting('wal_segment_size'))::text`;

const systemQuery = "select system_identifier::text from pg_control_system()";

/**
 * What the instance has replayed. A writer has all of its timeline.
 * @throws Failure `postgres.query-failed`
 */
export async function replayPosition(from: Questions, signal: AbortSignal): Promise<WalPoint> {
  const [row] = await from.query(replayQuery, signal);
  if (row) return { timeline: timelineOf(row[1]), lsn: lsnOf(row[0]) };
  // It is no standby; promoted a moment ago, perhaps.
  const [writer] = await from.query(ownTimelineQuery, signal);
  return { timeline: timelineOf(writer?.[0]), lsn: EVERYTHING };
}

/**
 * Where the writer's WAL ends: an instance that has replayed it has every commit that was acknowledged before the
 * question. It is the flush position, which replay reaches without anything more being written; with `isAsynchronous`,
 * after a commit that did not wait for its flush, it is the end of what was inserted.
 *
 * The flush may stand within a record of a transaction that is under way, where it crosses a page; replay stops before
 * that record until the rest is written, in 15 s at most. Who waits for it meanwhile reads at the writer.
 * @throws Failure `postgres.query-failed`, also when the instance is no writer
 */
export async function writerPosition(
  from: Questions,
  after: { readonly isAsynchronous: boolean; readonly systemId: SystemId },
  signal: AbortSignal,
): Promise<Token> {
  const [row] = await from.query(writerQuery, signal);
  const [flushed, timeline, inserted, segmentBytes] = row ?? [];
  const lsn = after.isAsynchronous
    ? Math.max(lsnOf(flushed), roundDownOutOfPageHeader(lsnOf(inserted), Number(segmentBytes)))
    : lsnOf(flushed);
  return { systemId: after.systemId, timeline: timelineOf(timeline), lsn };
}

/**
 * Whether the WAL of an instance has a transaction's commit before a position. To be asked in the database that has
 * pg_walinspect.
 *
 * A restart of the server ends every transaction, and may give the numbers of those whose WAL was lost to others: it goes
 * on behind a shutdown checkpoint, and a commit behind that is another's.
 * @throws Failure `postgres.query-failed`, also when that WAL is not there any more
 */
export async function hasCommit(
  from: Questions,
  { xid, since, flushedLsn }: Witness,
  beforeLsn: number,
  signal: AbortSignal,
): Promise<boolean> {
  const fromLsn = formatLsnNumber(Math.min(flushedLsn, since.lsn));
  const [row] = await from.query(
    `with records as materialized (
       select start_lsn, xid, resource_manager, record_type
         from public.pg_get_wal_records_info('${fromLsn}', '${formatLsnNumber(beforeLsn)}'))
     select coalesce(
       (select min(start_lsn) from records
         where xid = '${digitsOf(xid)}'::xid8::xid and resource_manager = 'Transaction'
           and record_type like 'COMMIT%' and start_lsn >= '${formatLsnNumber(since.lsn)}')
       < coalesce((select min(start_lsn) from records
                    where resource_manager = 'XLOG' and record_type = 'CHECKPOINT_SHUTDOWN'),
                  'FFFFFFFF/FFFFFFFF'),
       false)::text`,
    signal,
  );
  return row?.[0] === "true";
}

/** Of what a server has said; nothing else may come into a query. */
function digitsOf(xid: string): string {
  return required(/^[0-9]+$/.exec(xid)?.[0], "a transaction's number");
}

/** Of whichever database system answers there. @throws Failure `postgres.query-failed` */
export async function systemIdOf(from: Questions, signal: AbortSignal): Promise<SystemId> {
  const [row] = await from.query(systemQuery, signal);
  return required(row?.[0], "a system identifier") as SystemId;
}

function lsnOf(text: string | null | undefined): number {
  return required(parseLsnNumber(text ?? ""), "a WAL position");
}

function timelineOf(text: string | null | undefined): number {
  return Number(required(text, "a timeline"));
}

function required<T>(value: T | null | undefined, what: string): T {
  if (value !== undefined && value !== null) return value;
  throw new Failure("postgres.query-failed", `PostgreSQL was asked for ${what} and named none`);
}
