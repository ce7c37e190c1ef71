/** The outbox of the orders database, through the Region's own gateway. */
import type { Database } from "../shared/database.ts";

export type OutboxEvent = {
  readonly event_id: string;
  readonly type: string;
  readonly payload: unknown;
};

/** Events that are published together. */
const batchMax = 100;
/** Counted no further: more than that are told as that many. */
const waitingMax = 10_000;
/** 30 days: so long after a failover one can still look up what was told of the orders that it lost. */
const keptDays = 30;
/** Looked at together, and removed at the most: some 10 ms of the writer. */
export const pruneMax = 1_000;

/**
 * Whether this Region's own PostgreSQL is the writer. Only there an outbox is read: elsewhere events that are published
 * already may look as if they were not.
 */
export async function isWriterHere(database: Database): Promise<boolean> {
  const sql = "/* leeward:local */ select pg_is_in_recovery() as is_copy";
  const { rows } = await database.read<{ is_copy: boolean }>(sql, []);
  return rows[0]?.is_copy === false;
}

/** The oldest that wait, and of each order only the first: the next one comes when that is published for certain. */
export async function waitingEvents(database: Database): Promise<readonly OutboxEvent[]> {
  const { rows } = await database.read<OutboxEvent>(
    `select e.event_id, e.type, e.payload
     from outbox e
     where e.published_at is null
       and not exists (
         select from outbox earlier
         where earlier.order_id = e.order_id
           and earlier.published_at is null
           and earlier.id < e.id
       )
     order by e.id
     limit $1`,
    [batchMax],
  );
  return rows;
}

/** At most 10,000. */
export async function countWaiting(database: Database): Promise<number> {
  const { rows } = await database.read<{ waiting: number }>(
    `select count(*)::int as waiting
     from (select from outbox where published_at is null limit $1) as counted`,
    [waitingMax],
  );
  return rows[0]?.waiting ?? 0;
}

/** What was published before stays as it is. */
export async function markPublished(database: Database, ids: readonly string[]): Promise<void> {
  await database.write(
    `update outbox set published_at = now()
     where event_id = any($1::uuid[]) and published_at is null`,
    [ids],
    { isRepeatable: true },
  );
}

/**
 * Removes what was published more than 30 days ago, of the oldest 1,000 events. What waits stays, however old it is.
 * Twice at once is as once.
 * @returns how many
 */
export async function pruneOutbox(database: Database): Promise<number> {
  const { rows } = await database.write<{ removed: number }>(
    `with removed as (
       delete from outbox
       where id in (select id from outbox order by id limit $1)
         and published_at < now() - make_interval(days => $2)
       returning id
     )
     select count(*)::int as removed from removed`,
    [pruneMax, keptDays],
    { isRepeatable: true },
  );
  return rows[0]?.removed ?? 0;
}
