/** The SQL that Leeward asks an instance, and the shapes of the answers. Positions come as text, ages in ms. */

export type StatusRow = {
  readonly system_id: string;
  readonly is_in_recovery: boolean;
  readonly timeline: number;
  readonly flushed: string;
  readonly replayed: string;
  readonly is_streaming: boolean;
};

/**
 * `pg_control_checkpoint()` names the old timeline until the first checkpoint after a promotion, so a primary
 * reads it from the name of its WAL file, and a standby from its receiver while it has one. After that, the control file
 * names an old timeline until a restartpoint; the names of the files that were received tell the new one at once.
 */
export const statusQuery = `
select s.system_identifier::text as system_id,
       r.is_in_recovery,
       case when r.is_in_recovery
            then coalesce(w.received_tli, f.timeline, c.timeline_id)
            else ('x' || substr(pg_walfile_name(pg_current_wal_flush_lsn()), 1, 8))::bit(32)::int
       end as timeline,
       case when r.is_in_recovery
            then greatest(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn())
            else pg_current_wal_flush_lsn()
       end::text as flushed,
       case when r.is_in_recovery then pg_last_wal_replay_lsn() else pg_current_wal_flush_lsn()
       end::text as replayed,
       coalesce(w.status = 'streaming', false) as is_streaming
  from pg_control_system() s
 cross join pg_control_checkpoint() c
 cross join (select pg_is_in_recovery() as is_in_recovery) r
  left join pg_stat_wal_receiver w on true
  left join lateral (
    select max(('x' || substr(name, 1, 8))::bit(32)::int) as timeline
      from pg_ls_waldir()
     where r.is_in_recovery and w.received_tli is null and name ~ '^[0-9A-F]{24}$'
  ) f on true`;

/**
 * Drops Leeward's physical slots that are not named and that nobody uses. One that comes into use in this moment
 * makes it fail with 55006.
 */
export const dropOtherSlotsQuery = `
select pg_drop_replication_slot(s.slot_name)
  from pg_replication_slots s
 where s.slot_type = 'physical' and not s.active and not s.temporary
   and s.slot_name like 'leeward\\_%'
   and s.slot_name <> all ($1::text[])`;

export const dropSlotQuery = `
select pg_drop_replication_slot(slot_name) from pg_replication_slots where slot_name = $1 and not active`;

/** Makes what is missing of the slots named, and keeps WAL for them from now on. */
export const ensureSlotsQuery = `
select pg_create_physical_replication_slot(wanted.name, true)
  from unnest($1::text[]) as wanted (name)
 where not exists (select from pg_replication_slots s where s.slot_name = wanted.name)`;

export type SlotRow = {
  readonly slot: string;
  readonly is_streaming: boolean;
  /** Null while the secondary is away; then `restart` is what it had flushed. */
  readonly sent: string | null;
  readonly flushed: string | null;
  readonly replayed: string | null;
  readonly restart: string | null;
  readonly is_intact: boolean;
  readonly wal_end: string;
  readonly timeline: string;
  readonly segment_bytes: string;
  /** Of the oldest WAL file, what follows the timeline in its name. */
  readonly oldest_file: string | null;
  readonly now_ms: number;
};

/**
 * All slots in one question, because it is asked every second of every writer. Also of a standby that others
 * stream from: its WAL ends where it has received it, and its file names are not to be had in recovery.
 */
export const slotsQuery = `
select s.slot_name::text as slot,
       coalesce(r.state in ('streaming', 'catchup'), false) as is_streaming,
       r.sent_lsn::text as sent,
       r.flush_lsn::text as flushed,
       r.replay_lsn::text as replayed,
       s.restart_lsn::text as restart,
       coalesce(s.wal_status <> 'lost', true) as is_intact,
       e.wal_end::text as wal_end,
       e.timeline,
       e.segment_bytes,
       (select min(substr(name, 9)) from pg_ls_waldir() where name ~ '^[0-9A-F]{24}$') as oldest_file,
       (extract(epoch from clock_timestamp()) * 1000)::float8 as now_ms
  from pg_replication_slots s
 cross join (select case when pg_is_in_recovery()
                         then greatest(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn())
                         else pg_current_wal_flush_lsn()
                    end as wal_end,
                    case when pg_is_in_recovery()
                         then (select timeline_id::text from pg_control_checkpoint())
                         else substr(pg_walfile_name(pg_current_wal_flush_lsn()), 1, 8)
                    end as timeline,
                    pg_size_bytes(current_setting('wal_segment_size')) as segment_bytes) e
  left join pg_stat_replication r on r.pid = s.active_pid
 where s.slot_type = 'physical' and s.slot_name = any ($1::text[])`;

export type WindowRow = {
  readonly last_end: string | null;
  readonly commit_end: string | null;
  readonly commit_ms: number | null;
};

/** $1 and $2: the window; $3: only commits that end beyond it. The time has its offset. */
export const windowQuery = `
with records as materialized (
  select end_lsn, resource_manager, record_type, description
    from pg_get_wal_records_info($1::pg_lsn, $2::pg_lsn)
), first_commit as (
  select end_lsn,
         substring(description from '\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d(?:\\.\\d+)?[+-][0-9:]+') as at
    from records
   where resource_manager = 'Transaction' and record_type like 'COMMIT%' and end_lsn > $3::pg_lsn
   order by end_lsn
   limit 1
)
select (select max(end_lsn) from records)::text as last_end,
       (select end_lsn from first_commit)::text as commit_end,
       (select (extract(epoch from at::timestamptz) * 1000)::float8 from first_commit) as commit_ms`;

/** Also of a standby. */
export const writableDatabasesQuery = `
select datname::text as database
  from pg_database
 where datallowconn and not datistemplate and datconnlimit <> -2
 order by datname`;

export type EvidenceSlotRow = {
  readonly database: string;
  readonly slot: string;
  /** Null while the database has no slot. */
  readonly confirmed: string | null;
  readonly restart: string | null;
  readonly retained_bytes: string | null;
  readonly is_lost: boolean;
  readonly wal_end: string;
};

/** A row for each SQL database that anybody can write to. Of a primary. */
export const evidenceSlotsQuery = `
select d.datname::text as database,
       d.slot,
       s.confirmed_flush_lsn::text as confirmed,
       s.restart_lsn::text as restart,
       greatest(0, e.wal_end - s.restart_lsn)::text as retained_bytes,
       coalesce(s.wal_status = 'lost', false) as is_lost,
       e.wal_end::text as wal_end
  from (select datname, 'leeward_evidence_' || oid as slot
          from pg_database
         where datallowconn and not datistemplate and datconnlimit <> -2) d
 cross join (select pg_current_wal_flush_lsn() as wal_end) e
  left join pg_replication_slots s on s.slot_name = d.slot
 order by d.datname`;

export type CountRow = { readonly last_end: string | null; readonly commits: number };

/** $1 and $2: the window; $3: only commits that end beyond it, those of Leeward's own origin left out. */
export const countQuery = `
select max(r.end_lsn)::text as last_end,
       (count(*) filter (
          where r.resource_manager = 'Transaction' and r.record_type like 'COMMIT%'
            and r.end_lsn > $3::pg_lsn
            and r.description not like '%; origin: node ' || o.own || ', %'))::int as commits
  from pg_get_wal_records_info($1::pg_lsn, $2::pg_lsn) r
 cross join (select coalesce(max(roident), 0)::text as own
               from pg_replication_origin where roname = 'leeward') o`;
