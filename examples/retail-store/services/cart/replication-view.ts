/** Looks at both sides of the exchange with another Region. */
import type pg from "pg";
import { slotName, slotPrefix, subscriptionName, type Peer } from "./peers.ts";
import type { OwnSide, PeerSide } from "./replication-decide.ts";

export type OwnView = {
  readonly region: string;
  readonly systemId: string;
  readonly wantedSlot: string;
  readonly subscription: OwnSide | undefined;
};

type OwnRow = {
  readonly region: string;
  readonly system_id: string;
  readonly timeline: number;
  readonly enabled: boolean | null;
  readonly slot: string | null;
  readonly running: boolean;
  readonly tables: number;
};

const ownQuery = `
select here.region, c.system_identifier::text as system_id,
       ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int as timeline,
       s.subenabled as enabled, s.subslotname as slot,
       exists (select from pg_stat_subscription w
                where w.subid = s.oid and w.relid is null and w.pid is not null) as running,
       (select count(*)::int from pg_subscription_rel r where r.srsubid = s.oid) as tables
  from here
 cross join pg_control_system() c
  left join pg_subscription s
    on s.subname = $1 and s.subdbid = (select oid from pg_database where datname = current_database())`;

/** @throws Error when the database was not told its Region; pg's own */
export async function viewOwn(client: pg.ClientBase, peer: Peer): Promise<OwnView> {
  const { rows } = await client.query<OwnRow>(ownQuery, [subscriptionName(peer.region)]);
  const [row] = rows;
  if (!row) throw new Error("This carts database was not told its Region");
  return {
    region: row.region,
    systemId: row.system_id,
    wantedSlot: slotName(row.region, row.timeline),
    subscription:
      row.enabled === null
        ? undefined
        : {
            isEnabled: row.enabled,
            slot: row.slot ?? undefined,
            isRunning: row.running,
            tables: row.tables,
          },
  };
}

type PeerRow = {
  readonly region: string | null;
  readonly tables: number;
  readonly slot: string | null;
  readonly lost: boolean | null;
  readonly active: boolean | null;
};

/** `to_regclass` first: before its first migration there is no table to ask. */
const isPreparedQuery = "select to_regclass('public.here') is not null as prepared";

const peerQuery = `
select (select region from public.here) as region,
       (select count(*)::int from pg_publication_tables where pubname = 'carts') as tables,
       s.slot_name as slot, s.wal_status = 'lost' as lost, s.active
  from (select) as one
  left join pg_replication_slots s on s.slot_name = $1`;

/** @throws pg's own */
export async function viewPeer(client: pg.ClientBase, wantedSlot: string): Promise<PeerSide> {
  const prepared = await client.query<{ prepared: boolean }>(isPreparedQuery);
  if (!prepared.rows[0]?.prepared) return { region: undefined, tables: 0, slot: undefined };
  const { rows } = await client.query<PeerRow>(peerQuery, [wantedSlot]);
  const [row] = rows;
  return {
    region: row?.region ?? undefined,
    tables: row?.tables ?? 0,
    slot: row?.slot ? { isLost: row.lost ?? false, isActive: row.active ?? false } : undefined,
  };
}

/**
 * Makes the slot in the other Region anew. Whatever is there of ours belongs to a subscription that is gone: slots of
 * former timelines, slots of copies that were broken off, and who still holds one.
 */
export async function remakeSlot(client: pg.ClientBase, own: OwnView): Promise<void> {
  const leftOver = [slotPrefix(own.region), `_${own.systemId}`];
  await client.query(
    `select pg_terminate_backend(active_pid, 2000)
       from pg_replication_slots
      where slot_type = 'logical' and database = current_database() and active_pid is not null
        and (starts_with(slot_name, $1) or (slot_name like 'pg\\_%\\_sync\\_%' and right(slot_name, length($2)) = $2))`,
    leftOver,
  );
  await client.query(
    `select pg_drop_replication_slot(slot_name)
       from pg_replication_slots
      where slot_type = 'logical' and database = current_database()
        and (starts_with(slot_name, $1) or (slot_name like 'pg\\_%\\_sync\\_%' and right(slot_name, length($2)) = $2))`,
    leftOver,
  );
  await client.query("select pg_create_logical_replication_slot($1, 'pgoutput')", [own.wantedSlot]);
}
