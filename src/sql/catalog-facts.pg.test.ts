import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  clock,
  drawAddress,
  Scratch,
  silent,
  soon,
  spec,
  startPrimary,
  superuserPassword,
} from "../../test/postgres/scratch.ts";
import type { Address } from "../model/address.ts";
import { type CatalogQuery, readFacts } from "./catalog-facts.ts";
import { openStatementBook } from "./open-book.ts";
import { readingOf } from "./reading.ts";
import type { Effect, Statement, StatementBook } from "./sql.ts";

const usual = readingOf("UTF8", "on");

/** Everything that hides a write behind something that looks like a read, and its harmless twin. */
const catalog = `
create table t (id bigint primary key, x text);
create sequence s;
create schema other;

create function f_write() returns bigint language sql as 'insert into t values (1) returning id';
create function f_stable_nextval() returns bigint stable language sql as $$ select nextval('s') $$;
create function f_two_steps() returns bigint stable language plpgsql as
  $$ begin return (select f_stable_nextval()); end $$;
create function f_atomic() returns bigint stable begin atomic select nextval('s'); end;
create function f_default(n bigint default nextval('s')) returns bigint immutable language sql as 'select n';
create function f_dynamic() returns bigint stable language plpgsql as
  $$ declare n bigint; begin execute 'select next' || 'val(''s'')' into n; return n; end $$;
create function f_swallow() returns int language plpgsql as
  $$ begin insert into t values (2); return 1; exception when others then return 0; end $$;
create function f_clean(n bigint) returns bigint immutable language sql as 'select n + 1';
create function f_random() returns float8 language sql as 'select random()';
create function f_stable_random() returns float8 stable language sql as 'select random()';

create function f_overloaded(n bigint) returns bigint immutable language sql as 'select n';
create function other.f_overloaded(n text) returns text volatile language sql as 'select n';
create function other.lower(n t) returns text volatile language sql as 'select ''''';
create function other.random() returns float8 volatile language sql as 'select nextval(''s'')::float8';

create view v_clean as select id, f_clean(id) as more from t;
create view v_write as select f_write() as id;
create view v_nextval as select nextval('s') as id;
create view v_over_view as select id from v_nextval;
create view v_swallow as select f_swallow();
create view v_notify as select pg_notify('a', 'b')::text as x;
create materialized view m_nextval as select nextval('s') as id;

create function f_volatile_op(n bigint) returns bigint volatile language sql as 'select n';
create operator ### (rightarg = bigint, function = f_volatile_op);
create view v_operator as select ### id as id from t;
create function f_of_row(t) returns bigint language sql as 'select nextval(''s'')';

create function f_check(x text) returns bool volatile language sql as 'select nextval(''s'') > 0';
create domain d_volatile as text check (f_check(value));
create domain d_over_volatile as d_volatile;
create domain d_clean as text check (length(value) < 10);
create type c_volatile as (a d_volatile);
create function f_takes_domain(x d_volatile) returns text immutable language sql as 'select x::text';
create view v_domain as select x::d_volatile as x from t;
create type text_of_t as (a text);
create function cast_volatile(t) returns text_of_t volatile language sql as 'select row(''a'')::text_of_t';
create cast (t as text_of_t) with function cast_volatile(t);

create function a_step(a bigint, b bigint) returns bigint volatile language sql as 'select nextval(''s'')';
create aggregate a_volatile(bigint) (sfunc = a_step, stype = bigint);

create table guarded (id bigint);
alter table guarded enable row level security;
create policy p on guarded using (f_check('a'));
create view v_guarded as select * from guarded;

create unlogged table unlogged (id bigint);
create view v_unlogged as select * from unlogged;
create foreign data wrapper nowhere;
create server nowhere foreign data wrapper nowhere;
create foreign table abroad (id bigint) server nowhere;
create table parent (id bigint);
create unlogged table child () inherits (parent);

create function f_sets() returns bigint language plpgsql as
  $$ begin perform set_config('work_mem', '1MB', false); return 1; end $$;
create function f_calls_setter() returns bigint language sql as 'select f_sets()';
create function f_temp() returns void language plpgsql as $$ begin create temp table x (a int); end $$;
create function f_locks() returns void language sql as 'select pg_advisory_lock(1)';
create function f_updates() returns void language plpgsql as
  $$ begin update t set x = 'a' where id = 1; set local work_mem = '1MB'; end $$;
create procedure p_sets() language plpgsql as $$ begin -- now
  /* really */ set work_mem = '1MB'; end $$;
create procedure p_plain() language plpgsql as $$ begin update t set x = 'b'; end $$;
create view v_sets as select f_sets();
create function f_trigger() returns trigger language plpgsql as
  $$ begin perform f_sets(); return new; end $$;
create table referenced (id bigint primary key);
create table with_trigger (id bigint references referenced on delete cascade);
create trigger g before insert on with_trigger for each row execute function f_trigger();
`;

describe("facts of a catalog", () => {
  let scratch: Scratch;
  let address: Address;
  let client: pg.Client;
  let book: StatementBook;

  beforeAll(async () => {
    scratch = await Scratch.open();
    address = drawAddress();
    const server = scratch.server("a", address);
    await server.create(spec, soon());
    await startPrimary(server);
    book = await openStatementBook({ clock, log: silent });
    client = new pg.Client({
      ...address,
      user: "leeward",
      password: superuserPassword.reveal(),
      database: "orders",
    });
    await client.connect();
    await client.query(catalog);
    book.use(await readFacts(asText));
  });
  // Each by itself, so that a failed start leaves no server behind.
  afterAll(async () => scratch[Symbol.asyncDispose]());
  afterAll(async () => client.end());
  afterAll(async () => book.close());

  const asText: CatalogQuery = async (text) => {
    const types = { getTypeParser: () => (value: string) => value };
    const { rows } = await client.query<(string | null)[]>({ text, rowMode: "array", types });
    return rows;
  };

  async function learn(text: string): Promise<Statement> {
    const bytes = Buffer.from(text);
    return book.learn(bytes, 0, bytes.length, usual);
  }

  const placeOf = async (text: string): Promise<string> => (await learn(text)).place;

  async function kindsOf(text: string): Promise<readonly Effect["kind"][]> {
    return (await learn(text)).effects.map(({ kind }) => kind);
  }

  test.each([
    "select f_write()",
    "select f_stable_nextval()",
    "select f_two_steps()",
    "select f_atomic()",
    "select f_default()",
    "select f_dynamic()",
    "select ### 5",
    "select t.f_of_row from t",
    "select (t).f_of_row from t",
    "select 'a'::d_volatile",
    "select d_volatile 'a'",
    "select cast('a' as d_over_volatile)",
    "select '{a}'::d_volatile[]",
    "select '(a)'::c_volatile",
    "select f_takes_domain('a')",
    "select t::text_of_t from t",
    "select text_of_t(t) from t",
    "select a_volatile(id) from t",
    "select * from v_write",
    "select * from v_nextval",
    "select * from v_over_view",
    "select * from v_notify",
    "select * from v_operator",
    "select * from v_domain",
    "select * from guarded",
    "select * from v_guarded",
    "copy v_nextval to stdout",
    "copy (select f_write()) to stdout",
    "explain analyze select f_write()",
    "with x as (select f_write()) select 1",
    "select 1 where exists (select f_stable_nextval())",
    "select 1 from t order by f_write()",
    "select count(*) filter (where f_write() > 0) from t",
    "select sum(1) over (order by f_write()) from t",
    "values (1), (f_write())",
    "select * from rows from (f_write(), generate_series(1, 2))",
    "select table_to_xml('v_nextval', true, false, '')",
  ])("case 17: %s goes to the writer", async (text) => {
    expect(await placeOf(text)).toBe("writer");
  });

  test.each(["select f_overloaded(1)", "select lower('A')", "select random()"])(
    "case 17: a name that is volatile in any schema goes to the writer: %s",
    async (text) => {
      expect(await placeOf(text)).toBe("writer");
    },
  );

  test.each([
    "select f_clean(1)",
    "select * from v_clean",
    "select * from m_nextval",
    "select upper('a'), now(), clock_timestamp(), gen_random_uuid(), pg_sleep(0)",
    "select count(*), max(id) from t group by x having count(*) > 1 order by 2",
    "select 'a'::d_clean, '{1,2}'::int[], 5::numeric(10,2)",
    "select id from t where x like 'a%' and id between 1 and 2 and id = any ($1)",
    "select 1 OPERATOR(pg_catalog.+) 2",
    "copy t to stdout",
    "copy (select id from t) to stdout with (format csv)",
    "explain (analyze, buffers) select id from t",
    "select pg_is_in_recovery(), inet_server_addr(), pg_backend_pid(), current_setting('a', true), version()",
    "select c.relname, pg_size_pretty(pg_total_relation_size(c.oid)) from pg_class c join pg_namespace n on n.oid = c.relnamespace",
    "select * from information_schema.schemata",
    "select * from pg_stat_activity",
    "select extract(year from now()), position('a' in 'b'), overlay('a' placing 'b' from 1)",
    "select now() at time zone 'utc', substring('a' from 1 for 2), 'a' similar to 'b', trim(both from 'a')",
    "select json_build_object('a', row_to_json(t)) from t, lateral jsonb_array_elements('[]') e",
    "with recursive r as (select 1 as n union all select n + 1 from r where n < 3) select * from r",
    "select * from t tablesample bernoulli (10)",
    "values (1, 'a'), (2, 'b')",
    "table t",
  ])("%s runs anywhere, and a read-only transaction takes it", async (text) => {
    expect(await learn(text)).toMatchObject({ place: "anywhere", effects: [], isReplayable: true });
    // The driver has no COPY.
    if (text.startsWith("copy")) return;
    await client.query("begin read only");
    const values = text.includes("$1") ? [["1"]] : [];
    await client.query(text, values).finally(() => client.query("rollback"));
  });

  test("case 18: a function that turns volatile is one for texts that are known already", async () => {
    await client.query("create function f_turns() returns int stable language sql as 'select 1'");
    book.use(await readFacts(asText));
    expect(await placeOf("select f_turns()")).toBe("anywhere");
    await client.query("alter function f_turns() volatile");
    book.use(await readFacts(asText));
    expect(await placeOf("select f_turns()")).toBe("writer");
  });

  test("case 18: a view that is replaced by one that writes goes to the writer", async () => {
    await client.query("create view v_turns as select 1::bigint as id");
    book.use(await readFacts(asText));
    expect(await placeOf("select * from v_turns")).toBe("anywhere");
    await client.query("create or replace view v_turns as select nextval('s') as id");
    book.use(await readFacts(asText));
    expect(await placeOf("select * from v_turns")).toBe("writer");
  });

  test("case 19: a function that swallows its errors goes to the writer, and so does a view over it", async () => {
    expect(await placeOf("select f_swallow()")).toBe("writer");
    expect(await placeOf("select * from v_swallow")).toBe("writer");
  });

  test("case 25: unlogged and foreign tables, and what inherits from them, are read from the writer", async () => {
    for (const name of ["unlogged", "abroad", "parent", "v_unlogged"]) {
      expect([name, await placeOf(`select * from ${name}`)]).toEqual([name, "writer"]);
    }
  });

  test("a function nobody has heard of goes to the writer, which may find its session changed", async () => {
    const statement = await learn("select f_from_nowhere()");
    expect(statement).toMatchObject({ place: "writer", effects: [{ kind: "opaque" }] });
  });

  test.each([
    ["select f_sets()", ["opaque"]],
    ["select f_calls_setter()", ["opaque"]],
    ["select f_temp()", ["opaque"]],
    ["select f_locks()", ["opaque"]],
    ["call p_sets()", ["opaque"]],
    ["insert into with_trigger values (1)", ["opaque"]],
    ["copy with_trigger from stdin", ["copy-in", "opaque"]],
    ["delete from referenced", ["opaque"]],
    ["select * from v_sets", ["opaque"]],
    ["insert into t values (f_sets())", ["opaque"]],
    ["update pg_settings set setting = '1' where name = 'work_mem'", ["opaque"]],
    ["insert into t values (3, 'a')", []],
    ["select f_write()", []],
    ["select f_updates()", []],
    ["call p_plain()", []],
  ] as const)("%s leaves %j", async (text, kinds) => {
    expect(await kindsOf(text)).toEqual(kinds);
  });

  test("facts of a catalog with 300 views, 300 functions and 300 tables are read within three seconds", async () => {
    await client.query("begin");
    await client.query(`do $$ begin for i in 1..300 loop
      execute format('create table big_%s (id bigserial, at timestamptz default now(), x text)', i);
      execute format('create view bigv_%s as select b.*, t.x as y, upper(b.x) from big_%s b join t using (id) where b.at < now()', i, i);
      execute format('create function bigf_%s(n int) returns int stable language plpgsql as %L', i, repeat('-- what it does' || chr(10), 50) || 'begin return n; end');
    end loop; end $$`);
    const startedMs = performance.now();
    const facts = await readFacts(asText);
    const ms = performance.now() - startedMs;
    console.log(`facts of 300 tables, views and functions: ${ms.toFixed(1)} ms`);
    await client.query("rollback");
    expect(facts.functions.has("bigf_300")).toBe(true);
    expect(facts.taintedRelations.has("bigv_300")).toBe(false);
    expect(facts.volatileFunctions.has("bigf_300")).toBe(false);
    expect(ms).toBeLessThan(3000);
  });
});
