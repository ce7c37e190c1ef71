/**
 * What is asked of a catalog, on PostgreSQL 15 to 18. Lists come as JSON. Expressions are read from their stored trees,
 * because pg_depend says nothing of what came with PostgreSQL itself, nextval above all.
 *
 * Objects below 16384 (FirstNormalObjectId) are PostgreSQL's own: their declared volatility is true.
 */

/**
 * Volatile, and yet a standby answers them as well: they are random, tell the time, or look at the server that they
 * are asked in. Counts for functions in C alone, so that nobody's own function passes under such a name.
 */
const harmless =
  `random random_normal clock_timestamp timeofday statement_timestamp gen_random_uuid uuidv4 uuidv7
  uuid_generate_v1 uuid_generate_v1mc uuid_generate_v4 gen_random_bytes gen_salt pg_sleep pg_sleep_for pg_sleep_until
  pg_is_in_recovery pg_is_wal_replay_paused pg_get_wal_replay_pause_state pg_last_wal_receive_lsn
  pg_last_wal_replay_lsn pg_last_xact_replay_timestamp pg_lock_status pg_blocking_pids
  pg_safe_snapshot_blocking_pids pg_isolation_test_session_is_blocked pg_notification_queue_usage
  pg_relation_size pg_table_size pg_indexes_size pg_total_relation_size pg_database_size pg_tablespace_size
  pg_sequence_last_value pg_timezone_names pg_timezone_abbrevs pg_timezone_abbrevs_zone
  pg_timezone_abbrevs_abbrevs pg_prepared_xact pg_prepared_statement pg_cursor pg_config pg_control_system
  pg_control_checkpoint pg_control_recovery pg_control_init pg_show_all_file_settings pg_hba_file_rules
  pg_ident_file_mappings pg_get_shmem_allocations pg_get_backend_memory_contexts
  pg_partition_tree pg_partition_ancestors pg_collation_actual_version pg_database_collation_actual_version
  pg_stat_have_stats current_query`
    .split(/\s+/)
    .map((name) => `'${name}'`)
    .join(",");

/** Name, volatile, code that nobody can look into. What only PostgreSQL itself can call is not volatile for anybody. */
export const functionsQuery = `
select p.proname,
       bool_or(p.provolatile = 'v'
               and not ((p.oid < 16384 or d.objid is not null) and p.proname in (${harmless}))
               and p.prorettype <> all ('{internal,trigger,event_trigger,tsm_handler,index_am_handler,table_am_handler,fdw_handler,language_handler}'::regtype[])),
       bool_or(case when p.oid < 16384 or l.lanname in ('internal', 'sql', 'plpgsql') then false
                    when l.lanname = 'c' then d.objid is null
                    else true end)
  from pg_catalog.pg_proc p
  join pg_catalog.pg_language l on l.oid = p.prolang
  left join pg_catalog.pg_depend d
    on d.classid = 'pg_catalog.pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e'
 group by p.proname`;

/** A longer function is not read, and may do anything. */
export const BODY_SIZE_MAX = 65_536;

/** The names of the functions that a stored tree calls. Each call's number follows "funcid " or "fnoid ". */
function calledIn(tree: string): string {
  return `(select coalesce(json_agg(distinct q.proname), '[]')
     from unnest(string_to_array(replace(${tree}, 'fnoid ', 'funcid '), 'funcid '))
          with ordinality as piece (text, place)
     join pg_catalog.pg_proc q on q.oid = split_part(piece.text, ' ', 1)::oid
    where piece.place > 1)`;
}

/** The names of what an expression is stored to depend on. */
function dependsOn(classOfIt: string, oid: string, table: string, name: string): string {
  return `(select coalesce(json_agg(distinct t.${name}), '[]')
     from pg_catalog.pg_depend d join pg_catalog.${table} t on t.oid = d.refobjid
    where d.classid = 'pg_catalog.${classOfIt}'::regclass and d.objid = ${oid}
      and d.refclassid = 'pg_catalog.${table}'::regclass)`;
}

/** A type, or what an array is made of. */
const elementName = (oid: string): string =>
  `(select e.typname from pg_catalog.pg_type t
      join pg_catalog.pg_type e on e.oid = case when t.typelem <> 0 and t.typlen = -1 then t.typelem else t.oid end
     where t.oid = ${oid})`;

/** Name, language, code, functions, types: of every function that somebody wrote in SQL or PL/pgSQL. */
export const codeQuery = `
select p.proname, left(p.prosrc, ${BODY_SIZE_MAX + 1}),
       ${calledIn("coalesce(p.proargdefaults::text, '') || coalesce(p.prosqlbody::text, '')")},
       (select coalesce(json_agg(distinct ${elementName("a")}), '[]')
          from unnest(p.proargtypes::oid[] || p.prorettype) a where a >= 16384)
  from pg_catalog.pg_proc p
  join pg_catalog.pg_language l on l.oid = p.prolang
 where p.oid >= 16384 and l.lanname in ('sql', 'plpgsql')`;

/** Aggregate, functions. */
export const aggregatesQuery = `
select p.proname, json_agg(distinct q.proname)
  from pg_catalog.pg_aggregate a
  join pg_catalog.pg_proc p on p.oid = a.aggfnoid
  join pg_catalog.pg_proc q on q.oid in (a.aggtransfn, a.aggfinalfn, a.aggcombinefn, a.aggserialfn,
       a.aggdeserialfn, a.aggmtransfn, a.aggminvtransfn, a.aggmfinalfn)
 where p.oid >= 16384
 group by p.oid, p.proname`;

/** Operator, function. */
export const operatorsQuery = `
select distinct o.oprname, p.proname
  from pg_catalog.pg_operator o join pg_catalog.pg_proc p on p.oid = o.oprcode
 where p.oid >= 16384 or p.provolatile = 'v'`;

/** Type, functions, types: domains with their checks, input functions, casts to it, what it is composed of. */
export const typesQuery = `
select t.typname, ${calledIn("coalesce(string_agg(k.conbin::text, ' '), '')")}, json_build_array(b.typname)
  from pg_catalog.pg_type t
  join pg_catalog.pg_type b on b.oid = t.typbasetype
  left join pg_catalog.pg_constraint k on k.contypid = t.oid
 where t.typtype = 'd' and t.oid >= 16384
 group by t.oid, t.typname, b.typname
union all
select t.typname, json_build_array(p.proname), '[]'
  from pg_catalog.pg_type t join pg_catalog.pg_proc p on p.oid = t.typinput
 where p.oid >= 16384
union all
select t.typname, json_build_array(p.proname), '[]'
  from pg_catalog.pg_cast c
  join pg_catalog.pg_proc p on p.oid = c.castfunc
  join pg_catalog.pg_type t on t.oid = c.casttarget
 where p.oid >= 16384
union all
select t.typname, '[]', json_agg(distinct ${elementName("a.atttypid")})
  from pg_catalog.pg_attribute a
  join pg_catalog.pg_class c on c.oid = a.attrelid and c.relkind in ('c', 'r', 'p')
  join pg_catalog.pg_type t on t.oid = c.reltype
 where a.atttypid >= 16384 and not a.attisdropped and a.attnum > 0
 group by t.oid, t.typname
union all
select t.typname, '[]', json_build_array(s.typname)
  from pg_catalog.pg_range r
  join pg_catalog.pg_type t on t.oid in (r.rngtypid, r.rngmultitypid)
  join pg_catalog.pg_type s on s.oid = r.rngsubtype
 where t.oid >= 16384`;

/** Functions behind casts that nobody has to write. */
export const implicitCastsQuery = `
select p.proname from pg_catalog.pg_cast c join pg_catalog.pg_proc p on p.oid = c.castfunc
 where c.castcontext <> 'e' and p.oid >= 16384`;

/** Relation, functions, relations, types: what reading it runs. A materialized view is read without its query. */
export const readsQuery = `
select c.relname, ${calledIn("r.ev_action::text")},
       ${dependsOn("pg_rewrite", "r.oid", "pg_class", "relname")},
       ${dependsOn("pg_rewrite", "r.oid", "pg_type", "typname")}
  from pg_catalog.pg_rewrite r join pg_catalog.pg_class c on c.oid = r.ev_class
 where r.ev_type = '1' and c.relkind = 'v' and c.oid >= 16384
union all
select c.relname, ${calledIn("p.polqual::text")},
       ${dependsOn("pg_policy", "p.oid", "pg_class", "relname")},
       ${dependsOn("pg_policy", "p.oid", "pg_type", "typname")}
  from pg_catalog.pg_policy p join pg_catalog.pg_class c on c.oid = p.polrelid
 where p.polqual is not null`;

/** Relation, functions, relations: what writing it runs besides. */
export const writesQuery = `
select c.relname, json_agg(distinct p.proname), '[]'
  from pg_catalog.pg_trigger g
  join pg_catalog.pg_class c on c.oid = g.tgrelid
  join pg_catalog.pg_proc p on p.oid = g.tgfoid
 where not g.tgisinternal
 group by c.oid, c.relname
union all
select c.relname, ${calledIn("r.ev_action::text")},
       ${dependsOn("pg_rewrite", "r.oid", "pg_class", "relname")}
  from pg_catalog.pg_rewrite r join pg_catalog.pg_class c on c.oid = r.ev_class
 where (r.ev_type <> '1' or c.relkind = 'm') and c.oid >= 16384
union all
select c.relname, ${calledIn("string_agg(a.adbin::text, ' ')")}, '[]'
  from pg_catalog.pg_attrdef a join pg_catalog.pg_class c on c.oid = a.adrelid
 where c.oid >= 16384
 group by c.oid, c.relname
union all
select c.relname, '[]', json_agg(distinct o.relname)
  from pg_catalog.pg_constraint k
  join pg_catalog.pg_class c on c.oid = k.confrelid
  join pg_catalog.pg_class o on o.oid = k.conrelid
 where k.contype = 'f' and (k.confdeltype in ('c', 'n', 'd') or k.confupdtype in ('c', 'n', 'd'))
 group by c.oid, c.relname`;

/** Parent, child. */
export const inheritanceQuery = `
select distinct p.relname, c.relname
  from pg_catalog.pg_inherits i
  join pg_catalog.pg_class p on p.oid = i.inhparent and p.relkind in ('r', 'p', 'f')
  join pg_catalog.pg_class c on c.oid = i.inhrelid`;

/**
 * One text that is another one after every change of what users have made and the other questions look at. A
 * transaction that began long ago may commit late, so that the newest row says nothing: all of them count. TRUNCATE,
 * REINDEX and temporary tables leave it as it is. About 1 ms for a thousand functions.
 */
export const versionQuery = `
select pg_catalog.concat_ws(' ', min(c.relations), min(a.columns),
         pg_catalog.sum(pg_catalog.hashtextextended(pg_catalog.concat_ws(' ', t.tableoid, t.oid, t.xmin), 0)))
  from (select tableoid, oid, xmin from pg_catalog.pg_proc where oid >= 16384
        union all select tableoid, oid, xmin from pg_catalog.pg_operator where oid >= 16384
        union all select tableoid, oid, xmin from pg_catalog.pg_cast where oid >= 16384
        union all select tableoid, oid, xmin from pg_catalog.pg_rewrite where oid >= 16384
        union all select tableoid, oid, xmin from pg_catalog.pg_policy where oid >= 16384
        union all select tableoid, oid, xmin from pg_catalog.pg_trigger where oid >= 16384
        union all select tableoid, oid, xmin from pg_catalog.pg_attrdef where oid >= 16384
        union all select tableoid, oid, xmin from pg_catalog.pg_constraint where oid >= 16384 and contype in ('c', 'f')
        union all select tableoid, oid, xmin from pg_catalog.pg_type
                   where oid >= 16384 and typrelid = 0 and typcategory <> 'A'
        union all select tableoid, inhrelid, xmin from pg_catalog.pg_inherits) t,
       (select pg_catalog.sum(pg_catalog.hashtextextended(
                 pg_catalog.concat_ws(' ', oid, relname, relkind, relpersistence, relrowsecurity), 0)) as relations
          from pg_catalog.pg_class
         where oid >= 16384 and relkind in ('r', 'p', 'v', 'm', 'f', 'S', 'c') and relpersistence <> 't') c,
       (select pg_catalog.sum(pg_catalog.hashtextextended(
                 pg_catalog.concat_ws(' ', attrelid, attnum, attname, atttypid, attisdropped), 0)) as columns
          from pg_catalog.pg_attribute where attrelid >= 16384 and atttypid >= 16384) a`;

/** Those whose rows a standby has not: unlogged, foreign. */
export const absentQuery = `
select distinct relname from pg_catalog.pg_class
 where relkind = 'f' or (relpersistence = 'u' and relkind in ('r', 'p', 'm', 'S'))`;
