/** What a client sets is its own, wherever it is run: one server for two clients that take turns. */
import pg from "pg";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { appPassword, superuserPassword } from "../../test/postgres/scratch.ts";
import { east, TwoRegions, west } from "../../test/gateway/two-regions.ts";
import type { RegionId } from "../model/region.ts";

describe.sequential("session state", () => {
  let world: TwoRegions;
  const open: pg.Client[] = [];
  const client = async (region: RegionId, config: pg.ClientConfig = {}): Promise<pg.Client> => {
    const opened = await world.client(region, config);
    open.push(opened);
    return opened;
  };
  const direct = async (config: pg.ClientConfig = {}): Promise<pg.Client> => {
    const opened = new pg.Client({
      ...world.place(east).instance,
      user: "app",
      password: appPassword.reveal(),
      database: "orders",
      ...config,
    });
    open.push(opened);
    await opened.connect();
    return opened;
  };
  const show = async (from: pg.Client, name: string): Promise<string> => {
    const { rows } = await from.query<Record<string, string>>(`SHOW ${name}`);
    return Object.values(rows[0] ?? {})[0] ?? "";
  };

  beforeAll(async () => {
    world = await TwoRegions.open({ rttMs: 10, limits: { poolSize: 1 } });
    const one = await client(west, { user: "leeward", password: superuserPassword.reveal() });
    await one.query(`
      CREATE ROLE reader; CREATE ROLE other; GRANT reader, other TO app;
      CREATE SCHEMA a AUTHORIZATION app; CREATE SCHEMA b AUTHORIZATION app;
      CREATE TABLE a.t AS SELECT 'a' AS v; CREATE TABLE b.t AS SELECT 'b' AS v;
      ALTER TABLE a.t OWNER TO app; ALTER TABLE b.t OWNER TO app;
      CREATE FUNCTION set_tenant(text) RETURNS text VOLATILE LANGUAGE plpgsql AS
        $$ BEGIN RETURN set_config('app.tenant', $1, false); END $$;
      CREATE FUNCTION set_any(text, text) RETURNS text VOLATILE LANGUAGE plpgsql AS
        $$ BEGIN RETURN set_config($1, $2, false); END $$;
      CREATE PROCEDURE set_and_fail() LANGUAGE plpgsql AS
        $$ BEGIN SET lock_timeout = 1234; COMMIT; RAISE 'after its commit'; END $$;
      CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN PERFORM set_config('statement_timeout', '1111', false); RETURN NEW; END $$;
      CREATE TABLE a.log (v text);
      CREATE TRIGGER touches BEFORE INSERT ON a.log FOR EACH ROW EXECUTE FUNCTION touch();
      CREATE VIEW a.setting AS SELECT set_any('extra_float_digits', '2');
      GRANT USAGE ON SCHEMA a TO reader;
      GRANT SELECT ON a.setting TO app, reader;
      GRANT INSERT ON a.log TO reader;
    `);
  }, 60_000);
  afterAll(async () => {
    await world[Symbol.asyncDispose]();
  });
  afterEach(async () => {
    for (const one of open.splice(0)) await one.end();
  });

  for (const region of [east, west]) {
    test(`case 27: SET holds at COMMIT and is gone at ROLLBACK, in ${region}`, async () => {
      const one = await client(region);
      await one.query("BEGIN");
      await one.query("SET search_path TO a");
      expect((await one.query("SELECT v FROM t")).rows).toEqual([{ v: "a" }]);
      await one.query("ROLLBACK");
      expect(await show(one, "search_path")).toBe('"$user", public');
      await one.query("BEGIN; SET search_path TO a");
      await one.query("SAVEPOINT s");
      await one.query("SET search_path TO b");
      await one.query("ROLLBACK TO SAVEPOINT s");
      await one.query("COMMIT");
      expect(await show(one, "search_path")).toBe("a");
      await one.query("BEGIN");
      await one.query("SET LOCAL search_path TO b");
      expect((await one.query("SELECT v FROM t")).rows).toEqual([{ v: "b" }]);
      await one.query("COMMIT");
      expect((await one.query("SELECT v FROM t")).rows).toEqual([{ v: "a" }]);
    });

    test(`case 27: what one client sets the other never sees, in ${region}`, async () => {
      const [one, two] = [await client(region), await client(region)];
      const settings = `search_path TimeZone work_mem statement_timeout role client_encoding
        default_transaction_isolation lock_timeout extra_float_digits`.split(/\s+/);
      const before: string[] = [];
      for (const name of settings) before.push(await show(two, name));
      for (const sql of [
        "SET search_path = a",
        "SELECT set_config('search_path', '', false)",
        "SET TimeZone TO 'Asia/Tokyo'",
        "SET work_mem = '7MB'; SET statement_timeout = 4321",
        "SET ROLE reader",
        "DO $$ BEGIN PERFORM set_config('TimeZone', 'Asia/Seoul', false); END $$",
        "SELECT public.set_any('work_mem', '9MB')",
        "BEGIN; SET LOCAL work_mem TO DEFAULT; COMMIT",
        "BEGIN; SET TimeZone TO 'Asia/Tokyo'; COMMIT; SELECT 1 / 0",
        "SET search_path = b; SELECT 1 / 0",
        "SET SEED TO 0.5; SET TIME ZONE INTERVAL '-08:00' HOUR TO MINUTE; SET NAMES 'LATIN1'",
        "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL REPEATABLE READ",
        "CALL public.set_and_fail()",
        "INSERT INTO a.log VALUES ('x')",
        "SELECT * FROM a.setting",
        "SET client_encoding TO UTF8",
        "DO $$ BEGIN PERFORM set_config('TimeZone', 'Asia/Seoul', false); END $$",
        "RESET work_mem; SET work_mem = '5MB'",
      ]) {
        await one.query(sql).catch((error: unknown) => {
          if (!/1 \/ 0|fail/.test(sql)) throw error;
        });
        for (const [at, name] of settings.entries()) {
          expect([sql, name, await show(two, name)]).toEqual([sql, name, before[at]]);
        }
      }
      expect(await show(one, "role")).toBe("reader");
      expect(await show(one, "TimeZone")).toBe("Asia/Seoul");
      expect(await show(one, "work_mem")).toBe("5MB");
      expect(await show(one, "statement_timeout")).toBe("1111ms");
      expect(await show(one, "lock_timeout")).toBe("1234ms");
      expect(await show(one, "extra_float_digits")).toBe("2");
      expect((await two.query("SELECT current_user AS u")).rows).toEqual([{ u: "app" }]);
      expect((await one.query("SELECT current_user AS u")).rows).toEqual([{ u: "reader" }]);
      await one.query("RESET ROLE");
      expect((await one.query("SELECT current_user AS u")).rows).toEqual([{ u: "app" }]);
    });

    test(`case 27: an application's own setting, made in a function, stays with its client, in ${region}`, async () => {
      const [one, two] = [await client(region), await client(region)];
      const tenant = "SELECT current_setting('app.tenant', true) AS t";
      const other = "SELECT current_setting('app.other', true) AS t";
      const none = [null, ""];
      const of = async (from: pg.Client, sql: string): Promise<unknown> =>
        (await from.query<{ t: unknown }>(sql)).rows[0]?.t;
      await one.query("SELECT set_tenant('one')");
      expect(none).toContain(await of(two, tenant));
      expect(await of(one, tenant)).toBe("one");
      await two.query("SELECT set_config('app.tenant', $1, false)", ["two"]);
      expect(await of(one, tenant)).toBe("one");
      expect(await of(two, tenant)).toBe("two");
      await one.query("DO $$ BEGIN PERFORM set_config('app.other', 'mine', false); END $$");
      expect(none).toContain(await of(two, other));
      expect(await of(one, other)).toBe("mine");
      // A name that is put together at the time is known to nobody: it may be lost, and is never another's.
      await one.query("SELECT set_any('app.' || 'secret', 'x')");
      expect(none).toContain(await of(two, "SELECT current_setting('app.secret', true) AS t"));
      await one.query("BEGIN");
      await one.query("SELECT set_config('app.tenant', $1, true)", ["for now"]);
      expect(await of(one, tenant)).toBe("for now");
      await one.query("COMMIT");
      expect(await of(one, tenant)).toBe("one");
    });

    test(`case 27: another client's timeout does not cut what sets a server up, in ${region}`, async () => {
      const [one, two] = [await client(region), await client(region)];
      await two.query("SET search_path = b");
      for (let round = 0; round < 20; round += 1) {
        await one.query("SET statement_timeout = '1ms'").catch(() => undefined);
        await one.query("SELECT pg_sleep(0.05)").catch(() => undefined);
        expect((await two.query("SELECT v FROM t")).rows).toEqual([{ v: "b" }]);
      }
    });

    test(`case 31: RESET and DISCARD ALL go back to what the connection string asked for, in ${region}`, async () => {
      const config = { options: "-c search_path=a -c work_mem=6MB" };
      const [one, plain] = [await client(region, config), await client(region)];
      for (const sql of [
        "RESET search_path",
        "SET search_path TO DEFAULT",
        "RESET ALL",
        "DISCARD ALL",
        "BEGIN; RESET search_path; COMMIT",
      ]) {
        await one.query("SET search_path = b");
        expect((await one.query("SELECT v FROM t")).rows).toEqual([{ v: "b" }]);
        await one.query(sql);
        expect([sql, await show(one, "search_path")]).toEqual([sql, "a"]);
        expect([sql, await show(plain, "search_path")]).toEqual([sql, '"$user", public']);
        expect((await one.query("SELECT v FROM t")).rows).toEqual([{ v: "a" }]);
        expect(await show(one, "work_mem")).toBe("6MB");
      }
      await one.query("BEGIN");
      await one.query("SET search_path = b");
      await one.query("RESET search_path");
      expect((await one.query("SELECT v FROM t")).rows).toEqual([{ v: "a" }]);
      await one.query("RESET ALL");
      expect((await one.query("SELECT v FROM t")).rows).toEqual([{ v: "a" }]);
      await one.query("ROLLBACK");
      expect(await show(plain, "work_mem")).toBe("4MB");
    });

    test(`case 31: DISCARD ALL forgets roles, settings, names and consistency, in ${region}`, async () => {
      const one = await client(region);
      await one.query("SET ROLE reader");
      await one.query("SET leeward.consistency = 'eventual'");
      await one.query({ name: "kept", text: "SELECT 1 AS n" });
      await one.query("DISCARD ALL");
      expect((await one.query("SELECT current_user AS u")).rows).toEqual([{ u: "app" }]);
      expect(await show(one, "leeward.consistency")).toBe("session");
      const bind = one.query({ name: "kept", text: "SELECT 1 AS n" });
      await expect(bind).rejects.toMatchObject({ code: "26000" });
      await one.query("BEGIN");
      await expect(one.query("DISCARD ALL")).rejects.toMatchObject({ code: "25001" });
      await one.query("ROLLBACK");
    });

    test(`case 32: clients differ in names, encodings and dates, in ${region}`, async () => {
      const [one, two] = [
        await client(region, { application_name: "first", options: "-c DateStyle=German" }),
        await client(region, { application_name: "second", options: "-c DateStyle=ISO" }),
      ];
      const day = "SELECT DATE '2026-03-04'::text AS d, current_setting('application_name') AS n";
      const seen =
        "SELECT application_name AS n FROM pg_stat_activity WHERE pid = pg_backend_pid()";
      for (let round = 0; round < 3; round += 1) {
        expect((await one.query(day)).rows).toEqual([{ d: "04.03.2026", n: "first" }]);
        expect((await two.query(day)).rows).toEqual([{ d: "2026-03-04", n: "second" }]);
        expect((await one.query(seen)).rows).toEqual([{ n: "first" }]);
        expect((await two.query(seen)).rows).toEqual([{ n: "second" }]);
      }
      await one.query("SET client_encoding TO LATIN1");
      const bytes = "SELECT current_setting('client_encoding') AS e";
      expect((await one.query(bytes)).rows).toEqual([{ e: "LATIN1" }]);
      expect((await two.query(bytes)).rows).toEqual([{ e: "UTF8" }]);
    });

    test(`what a login and a SET report is what PostgreSQL itself reports, in ${region}`, async () => {
      for (const config of [
        {},
        { application_name: "me" },
        { options: "-c DateStyle=German -c search_path=a,b -c TimeZone=europe/paris" },
        { options: "-c intervalstyle=ISO_8601 -c client_encoding=latin-1" },
        { options: "-c default_transaction_read_only=on -c role=reader" },
      ]) {
        const [mine, theirs] = [
          await reportsOf(region, config),
          await reportsOf(undefined, config),
        ];
        expect(mine).toEqual(theirs);
      }
      const plain = await client(region);
      expect(await show(plain, "transaction_read_only")).toBe("off");
      expect(await show(plain, "in_hot_standby")).toBe("off");
      const bad = { options: "-c TimeZone=Nowhere/At_All" };
      const error = await direct(bad).catch((cause: unknown) => cause);
      await expect(client(region, bad)).rejects.toMatchObject({
        code: (error as { code: string }).code,
      });
    });
  }

  /** Every parameter that is reported, after a login and some statements. */
  async function reportsOf(
    region: RegionId | undefined,
    config: pg.ClientConfig,
  ): Promise<Record<string, string>[]> {
    const at = region ? world.place(region).listen : world.place(east).instance;
    const one = new pg.Client({
      ...at,
      user: "app",
      password: appPassword.reveal(),
      database: "orders",
      ...config,
    });
    const now: Record<string, string> = {};
    const { connection } = one as unknown as {
      connection: {
        on(
          event: "parameterStatus",
          to: (message: { parameterName: string; parameterValue: string }) => void,
        ): void;
      };
    };
    connection.on("parameterStatus", ({ parameterName, parameterValue }) => {
      now[parameterName] = parameterValue;
    });
    open.push(one);
    await one.connect();
    const found = [{ ...now }];
    for (const sql of [
      "SET TimeZone TO 'asia/tokyo'",
      "BEGIN; SET DateStyle TO 'SQL, DMY'; SET application_name TO 'inside'",
      "ROLLBACK",
      "RESET TimeZone",
      "SET search_path TO b",
      "RESET ALL",
      "SET application_name TO 'later'",
      "DISCARD ALL",
    ]) {
      await one.query(sql);
      found.push({ sql, ...now });
    }
    return found;
  }
});
