import { loadModule, parseSync } from "libpg-query";
import { beforeAll, describe, expect, test } from "vitest";
import { judge } from "./judge.ts";
import { type ParseTree, readText } from "./read-text.ts";
import type { CatalogFacts, Effect, Place, Statement } from "./sql.ts";

beforeAll(loadModule);

/** Of a database in which somebody has written next_id() and a view over it. */
const facts: CatalogFacts = {
  functions: new Set(
    `now count lower f next_id nextval currval lastval setval set_config random pg_sleep pg_notify dblink_exec
    pg_advisory_lock pg_try_advisory_lock_shared pg_advisory_xact_lock pg_advisory_unlock_all txid_current
    pg_current_wal_lsn pg_switch_wal lo_create pg_logical_emit_message pg_export_snapshot opaque_one p p_opaque
    f_swallow similar_to_escape pg_is_in_recovery`.split(/\s+/),
  ),
  volatileFunctions: new Set(
    `next_id nextval currval lastval setval set_config pg_notify dblink_exec pg_advisory_lock
    pg_try_advisory_lock_shared pg_advisory_xact_lock pg_advisory_unlock_all txid_current pg_current_wal_lsn
    pg_switch_wal lo_create pg_logical_emit_message pg_export_snapshot opaque_one p p_opaque f_swallow`.split(
      /\s+/,
    ),
  ),
  opaqueFunctions: new Set(["set_config", "opaque_one", "p_opaque"]),
  customSettings: new Set<string>(),
  volatileOperators: new Set(["###"]),
  volatileTypes: new Set(["checked"]),
  taintedRelations: new Set(["v_next", "unlogged"]),
  opaqueRelations: new Set(["v_opaque"]),
};

const read = (text: string): Statement => {
  const tree: ParseTree = parseSync(text);
  return judge(readText(tree), facts, undefined);
};

const placeOf = (text: string): Place => read(text).place;

const writes = `
insert into t values (1)
update t set a = 1 where false
delete from t where false
merge into t using u on t.a = u.a when matched then do nothing
truncate t
lock t in share mode
select next_id()
select * from v_next
select * from unlogged
select 1 ### 2
select 1::checked
select t.next_id from t
select nextval('s')
select setval('s', 1)
select pg_notify('a', 'b')
select f_swallow()
select dblink_exec('', '')
select pg_advisory_xact_lock(1)
select txid_current()
select pg_current_wal_lsn()
select pg_switch_wal()
select lo_create(0)
select pg_logical_emit_message(true, 'a', 'b')
select pg_export_snapshot()
select nobody_knows()
notify a
listen a
create table x (a int)
create table x as select 1
create temp table x (a int)
select 1 into x
select 1 into temp x
select a from t for update
select a from t for share
select a from t for no key update
select a from t for key share
select 1 where exists (select 1 from t for update)
select a from (select a from t for share) s
with x as (insert into t values (1) returning a) select * from x
with x as (select 1), y as (update t set a = 1 returning a) select * from x
with x as (delete from t returning a) insert into u select * from x
explain analyze insert into t values (1)
explain insert into t values (1)
explain (analyze) select next_id()
explain analyze create table x as select 1
explain analyze execute a
prepare a as insert into t values (1)
prepare a as select 1
execute a
prepare transaction 'a'
commit prepared 'a'
rollback prepared 'a'
copy t from stdin
copy t to '/tmp/a'
copy t to program 'cat'
copy (select next_id()) to stdout
copy (insert into t values (1) returning a) to stdout
copy unlogged to stdout
vacuum
analyze t
reindex table t
cluster t
refresh materialized view m
comment on table t is 'a'
grant select on t to public
checkpoint
do 'begin end'
call p()
load 'a'
declare c cursor with hold for select 1
declare c cursor for select a from t for update
alter system set work_mem = '1MB'
create index on t (a)
drop table t
begin
start transaction
begin read write
begin isolation level serializable
begin isolation level serializable read only
begin isolation level repeatable read
set transaction read write
set transaction_read_only = off
set transaction isolation level serializable
set transaction snapshot 'a'
select 1; insert into t values (1)
begin; select 1; commit
select * from t tablesample unknown_method (1)
security label on table t is 'a'
set constraints all deferred
import foreign schema a from server b into c`;

const reads = `
select 1
select a, count(*) from t join u using (id) where lower(a) = $1 group by 1 having count(*) > 1 order by a desc limit 5
select * from t where a in (select a from u) union all values (1) intersect table t
with recursive x as (select 1 union all select 2 from x) select * from x, lateral (select now()) y
select case when a then 1 else 2 end, coalesce(a, b), greatest(a, b), nullif(a, b), array[1, 2], row(1, 2) from t
select (a).b, a[1:2], a::int[], cast(a as numeric(10, 2)), a collate "C", interval '1' day from t
select current_user, current_date, localtime, a is distinct from b, a is null, b is not true from t
select lower(a) over w from t window w as (partition by a order by b rows between 1 preceding and current row)
select xmlelement(name a, 'b'), json_object('a': 1), json_array(1, 2), a is json from t
select * from json_table('[]', '$[*]' columns (a int path '$.a'))
select * from xmltable('/a' passing b columns c int path 'd')
select grouping(a) from t group by rollup (a, b), cube (c), grouping sets ((a), ())
select random(), pg_sleep(1), pg_is_in_recovery()
values (1, 2)
table t
show work_mem
show all
explain select * from t
explain (analyze, verbose) select * from t
copy t to stdout
copy (select a from t) to stdout
begin read only
begin isolation level repeatable read read only
start transaction read only, deferrable
commit
rollback
set transaction read only
set transaction isolation level repeatable read
set work_mem = '1MB'
reset work_mem
reset all
discard all
discard plans
unlisten *
deallocate all
declare c cursor for select a from t
fetch 10 from c
move 1 in c
close c
savepoint a
release a
rollback to a
select 1; select 2; commit
begin read only; select 1; commit
select set_config('a.b', 'c', false)
;
-- nothing`;

const lines = (texts: string): readonly string[] => texts.trim().split("\n");

describe("where a statement runs", () => {
  test.each(lines(writes))("cases 15, 16, 20, 21: %s goes to the writer", (text) => {
    expect(read(text)).toMatchObject({ place: "writer", isReplayable: false });
  });

  test.each(lines(reads))("%s runs anywhere", (text) => {
    expect(read(text)).toMatchObject({ place: "anywhere", isReplayable: true });
  });
});

const pin = (because: string): Effect => ({ kind: "pin", because }) as Effect;
const set = (name: string, sql: string | undefined, value: string | undefined): Effect => ({
  kind: "set",
  name,
  sql,
  value,
  isLocal: false,
});
const opaque: Effect = { kind: "opaque" };
const unpin: Effect = { kind: "unpin" };
const ddl: Effect = { kind: "ddl" };

describe("what a statement leaves behind", () => {
  const cases: readonly (readonly [string, readonly Effect[]])[] = [
    ["begin", [{ kind: "begin", isReadOnly: false }]],
    [
      "start transaction isolation level serializable, read only",
      [{ kind: "begin", isReadOnly: true }],
    ],
    ["end and chain", [{ kind: "commit", chains: true }]],
    ["abort", [{ kind: "rollback", chains: false }]],
    ["savepoint a", [{ kind: "savepoint", name: "a" }]],
    ["release savepoint A", [{ kind: "release", name: "a" }]],
    ["rollback to savepoint a", [{ kind: "rollback-to", name: "a" }]],
    ["prepare transaction 'a'", [{ kind: "prepare-transaction" }]],
    ["set transaction read only", [{ kind: "set-transaction", isReadOnly: true }]],
    [
      "set transaction isolation level serializable",
      [{ kind: "set-transaction", isReadOnly: undefined }],
    ],
    ["set transaction_read_only to off", [{ kind: "set-transaction", isReadOnly: false }]],
    ["set work_mem = '1MB'", [set("work_mem", `SET "work_mem" TO '1MB'`, "1MB")]],
    ["set WORK_MEM to 4096", [set("work_mem", `SET "work_mem" TO 4096`, "4096")]],
    [
      "set local work_mem = 1",
      [{ kind: "set", name: "work_mem", sql: `SET "work_mem" TO 1`, value: "1", isLocal: true }],
    ],
    [
      "set leeward.consistency = global",
      [set("leeward.consistency", `SET "leeward"."consistency" TO 'global'`, "global")],
    ],
    [
      'set search_path = a, "B\'"',
      [set("search_path", `SET "search_path" TO 'a', 'B'''`, undefined)],
    ],
    ["set schema 'a'", [set("search_path", `SET "search_path" TO 'a'`, "a")]],
    [
      "set search_path = pg_temp, a",
      [
        set("search_path", `SET "search_path" TO 'pg_temp', 'a'`, undefined),
        pin("temporary table"),
      ],
    ],
    [
      "set search_path = a, pg_temp",
      [set("search_path", `SET "search_path" TO 'a', 'pg_temp'`, undefined)],
    ],
    ["set a.b = E'\\\\'", [set("a.b", `SET "a"."b" TO E'\\\\'`, "\\")]],
    ["set names 'utf8'", [set("client_encoding", `SET "client_encoding" TO 'utf8'`, "utf8")]],
    ["set time zone 'utc'", [set("timezone", `SET "timezone" TO 'utc'`, "utc")]],
    ["set time zone -7", [set("timezone", `SET "timezone" TO -7`, "-7")]],
    ["set time zone local", [set("timezone", undefined, undefined)]],
    [
      "set time zone interval '-08:00' hour to minute",
      [set("timezone", "SET TIME ZONE INTERVAL '-08:00' HOUR TO MINUTE", undefined)],
    ],
    ["set role admin", [set("role", `SET "role" TO 'admin'`, "admin")]],
    ["set role none", [set("role", `SET "role" TO 'none'`, "none")]],
    [
      "set session authorization 'a'",
      [set("session_authorization", `SET "session_authorization" TO 'a'`, "a")],
    ],
    ["set session authorization default", [set("session_authorization", undefined, undefined)]],
    ["reset role", [set("role", undefined, undefined)]],
    ["set work_mem to default", [set("work_mem", undefined, undefined)]],
    [
      "set session characteristics as transaction read only, isolation level repeatable read",
      [
        set("default_transaction_read_only", `SET "default_transaction_read_only" TO 'on'`, "on"),
        set(
          "default_transaction_isolation",
          `SET "default_transaction_isolation" TO 'repeatable read'`,
          "repeatable read",
        ),
      ],
    ],
    ["reset all", [{ kind: "reset-all" }]],
    ["discard all", [{ kind: "discard-all" }]],
    ["discard temp", [unpin]],
    ["discard plans", []],
    ["show TimeZone", [{ kind: "show", name: "timezone" }]],
    ["show leeward.token", [{ kind: "show", name: "leeward.token" }]],
    ["listen a", [{ kind: "listen", channel: "a" }]],
    ['unlisten "A"', [{ kind: "unlisten", channel: "A" }]],
    ["unlisten *", [{ kind: "unlisten", channel: undefined }]],
    ["prepare a as select 1", [{ kind: "prepare", name: "a" }, pin("prepared statement")]],
    ["execute a(1)", [{ kind: "execute", name: "a" }]],
    ["deallocate a", [{ kind: "deallocate", name: "a" }, unpin]],
    ["deallocate prepare all", [{ kind: "deallocate", name: undefined }, unpin]],
    ["create temp table a (b int)", [pin("temporary table")]],
    ["create temp table a as select 1", [pin("temporary table")]],
    ["create temp view a as select 1", [pin("temporary table")]],
    ["create temporary sequence a", [pin("temporary table")]],
    ["create table pg_temp.a (b int)", [pin("temporary table")]],
    [
      "create function pg_temp.f() returns int language sql as 'select 1'",
      [pin("temporary table")],
    ],
    ["select 1 into temp a", [pin("temporary table")]],
    ["select * from pg_temp.a", [pin("temporary table")]],
    ["drop table a", [ddl, unpin]],
    ["drop table pg_temp.a", [pin("temporary table"), unpin]],
    ["declare c cursor with hold for select 1", [pin("cursor with hold")]],
    ["declare c cursor for select 1", []],
    ["close c", [unpin]],
    ["select pg_advisory_lock(1)", [pin("advisory lock")]],
    ["insert into t select 1 where pg_try_advisory_lock_shared(1)", [pin("advisory lock")]],
    ["select pg_advisory_xact_lock(1)", []],
    ["select pg_advisory_unlock_all()", [unpin]],
    ["select currval('s')", [pin("sequence value")]],
    ["select lastval()", [pin("sequence value")]],
    ["select nextval('s')", []],
    ["load 'a'", [pin("loaded library")]],
    ["select set_config('A.b', 'c', false)", [set("a.b", `SET "a"."b" TO 'c'`, "c")]],
    [
      "select pg_catalog.set_config('search_path', '', false)",
      [set("search_path", `SET "search_path" TO ''`, "")],
    ],
    [
      `select set_config('search_path', 'A, "B,c"', false), now()`,
      [set("search_path", `SET "search_path" TO 'a', 'B,c'`, `A, "B,c"`)],
    ],
    [
      "select set_config('a.b', 'c', true)",
      [{ kind: "set", name: "a.b", sql: `SET "a"."b" TO 'c'`, value: "c", isLocal: true }],
    ],
    ["select set_config('a.b', null, false)", [set("a.b", undefined, undefined)]],
    ["select set_config('a.b', $1, false)", [opaque]],
    ["select set_config('a.b', 'c', false) where false", [opaque]],
    ["select set_config('a.b', 'c', false) from t", [opaque]],
    ["select * from set_config('a.b', 'c', false)", [opaque]],
    ["update pg_settings set setting = 'a'", [opaque]],
    ["do 'begin perform 1; end'", [opaque]],
    ["do 'begin create table a (b int); end'", [opaque, ddl]],
    ["call p()", []],
    ["call p_opaque()", [opaque]],
    ["call nobody_knows()", [opaque]],
    ["select opaque_one()", [opaque]],
    ["insert into t values (opaque_one())", [opaque]],
    ["select * from v_opaque", [opaque]],
    ["create table a (b int)", [ddl]],
    ["alter function f() volatile", [ddl]],
    ["create index on t (a)", []],
    ["copy t from stdin", [{ kind: "copy-in" }]],
    ["copy t from '/tmp/a'", []],
    ["insert into t values (1)", []],
    [
      "select 1; set a.b = 1; begin",
      [set("a.b", `SET "a"."b" TO 1`, "1"), { kind: "begin", isReadOnly: false }],
    ],
  ];

  test.each(cases)("%s", (text, effects) => {
    expect(read(text).effects).toEqual(effects);
  });
});

test.each([
  ["", 0],
  [";;", 0],
  ["/* nothing */", 0],
  ["select 1", 1],
  ["select 1;", 1],
  ["select 1; ; select 2", 2],
])("case 13: %j has %i statements", (text, count) => {
  const tree: ParseTree = text === "" ? {} : parseSync(text);
  expect(readText(tree).count).toBe(count);
});

test.each([
  ["select 1", true],
  ["insert into t values (1); select 1", true],
  ["savepoint a", true],
  ["analyze t", true],
  ["begin", false],
  ["select 1; commit", false],
  ["vacuum t", false],
  ["create database a", false],
  ["create index concurrently on t (a)", false],
  ["drop index concurrently i", false],
  ["discard all", false],
  ["call p()", false],
  ["do 'begin commit; end'", false],
])("%j is plain: %s", (text, isPlain) => {
  expect(read(text).isPlain).toBe(isPlain);
});

test("a chain of 2,000 operators is walked to its end", () => {
  expect(placeOf(`select ${"1 + ".repeat(2000)} next_id()`)).toBe("writer");
  expect(placeOf(`select ${"1 + ".repeat(2000)} 1`)).toBe("anywhere");
});
