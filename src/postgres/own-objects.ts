/**
 * What Leeward itself keeps in the maintenance database `postgres`: schema `leeward`, and the replication origin
 * that all of its own writes carry, so that they appear in no count of what a failover lost.
 */
import { quoteLiteral } from "./sql-text.ts";

export const ownOrigin = "leeward";

/** Each may be carried out again. They are made with the cluster, and for an older one before its writes open. */
export const ownObjects: readonly string[] = [
  "CREATE EXTENSION IF NOT EXISTS pg_walinspect",
  "CREATE SCHEMA IF NOT EXISTS leeward",
  `CREATE TABLE IF NOT EXISTS leeward.marker (
  epoch bigint PRIMARY KEY, operation text NOT NULL, at timestamptz NOT NULL)`,
  `CREATE TABLE IF NOT EXISTS leeward.probe (
  id integer PRIMARY KEY, at timestamptz NOT NULL)`,
  `SELECT pg_replication_origin_create('${ownOrigin}')
 WHERE NOT EXISTS (SELECT FROM pg_replication_origin WHERE roname = '${ownOrigin}')`,
];

export const ownObjectsAreThere = `
select to_regclass('leeward.marker') is not null
   and to_regclass('leeward.probe') is not null
   and exists (select from pg_extension where extname = 'pg_walinspect')
   and exists (select from pg_replication_origin where roname = '${ownOrigin}') as are_there`;

/** Drawn once: no other program has reason to take it. */
const originLock = 5_533_733_927;

/**
 * One transaction of Leeward's own, in one message. PostgreSQL lets one session at a time carry an origin, so they
 * take turns; the turn lasts from the write to its commit and waits for nobody's network. A session in which it
 * failed may still hold the turn: it is to be closed.
 */
function asLeeward(write: string): string {
  return `
select pg_advisory_lock(${originLock});
select pg_replication_origin_session_setup('${ownOrigin}');
${write};
commit;
select pg_replication_origin_session_reset();
select pg_advisory_unlock(${originLock})`;
}

/** Writes although writes are closed to everybody else: it goes before them. */
export function markScript(epoch: number, operation: string): string {
  const write = `
insert into leeward.marker values (${epoch}, ${quoteLiteral(operation)}, clock_timestamp())
    on conflict (epoch) do update set operation = excluded.operation, at = excluded.at`;
  return `begin read write;${asLeeward(write)}`;
}

/** Is refused exactly when a client's write is, and then before it takes its turn. */
export const probeScript = `begin; delete from leeward.probe where false;${asLeeward(`
insert into leeward.probe values (1, clock_timestamp())
    on conflict (id) do update set at = excluded.at`)}`;
