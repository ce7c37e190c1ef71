/** What cannot move binds its client to a server, as long as it is there; and what a client leaves nobody else finds. */
import type pg from "pg";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { eventually } from "../../test/postgres/scratch.ts";
import { east, TwoRegions, west } from "../../test/gateway/two-regions.ts";
import type { RegionId } from "../model/region.ts";

describe.sequential("what stays in a server", () => {
  let world: TwoRegions;
  const open: pg.Client[] = [];
  const client = async (region: RegionId, config: pg.ClientConfig = {}): Promise<pg.Client> => {
    const opened = await world.client(region, config);
    open.push(opened);
    return opened;
  };
  const pinned = (region: RegionId): number =>
    world.place(region).gateway.counters()[0]?.pinnedSessions ?? -1;

  beforeAll(async () => {
    world = await TwoRegions.open({ rttMs: 10, limits: { poolSize: 1, holdMs: 400 } });
    const one = await client(east);
    await one.query(`
      CREATE TABLE item (id serial PRIMARY KEY, name text);
      CREATE SEQUENCE counter;
      CREATE FUNCTION lock_it(bigint) RETURNS void VOLATILE LANGUAGE plpgsql AS
        $$ BEGIN PERFORM pg_advisory_lock($1); END $$;
      CREATE FUNCTION hear(text) RETURNS void VOLATILE LANGUAGE plpgsql AS
        $$ BEGIN EXECUTE format('LISTEN %I', $1); END $$;
    `);
  }, 60_000);
  afterAll(async () => {
    await world[Symbol.asyncDispose]();
  });
  afterEach(async () => {
    for (const one of open.splice(0)) await one.end();
    for (const region of [east, west]) {
      await eventually("nobody is pinned", async () => Promise.resolve(pinned(region) === 0));
    }
  });

  /** Each binds a client, and is undone by the second statement. */
  const ways: readonly { readonly what: string; readonly bind: string; readonly undo: string }[] = [
    { what: "a temporary table", bind: "CREATE TEMP TABLE mine (id int)", undo: "DROP TABLE mine" },
    {
      what: "a temporary table in a transaction that is rolled back",
      bind: "BEGIN; CREATE TEMP TABLE mine (id int); SAVEPOINT s",
      undo: "ROLLBACK",
    },
    {
      what: "a temporary table that its commit drops",
      bind: "BEGIN; CREATE TEMP TABLE mine (id int) ON COMMIT DROP",
      undo: "COMMIT",
    },
    {
      what: "a temporary function",
      bind: "CREATE FUNCTION pg_temp.mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
      undo: "DROP FUNCTION pg_temp.mine()",
    },
    { what: "a lock", bind: "SELECT pg_advisory_lock(1)", undo: "SELECT pg_advisory_unlock(1)" },
    {
      what: "a lock that is held twice",
      bind: "SELECT pg_advisory_lock(1), pg_advisory_lock(1)",
      undo: "SELECT pg_advisory_unlock(1), pg_advisory_unlock(1)",
    },
    {
      what: "locks",
      bind: "SELECT pg_advisory_lock(n) FROM generate_series(1, 9) AS n",
      undo: "SELECT pg_advisory_unlock_all()",
    },
    {
      what: "a lock taken in a function",
      bind: "SELECT lock_it(5)",
      undo: "SELECT pg_advisory_unlock(5)",
    },
    {
      what: "a cursor with hold",
      bind: "BEGIN; DECLARE c CURSOR WITH HOLD FOR SELECT 1; COMMIT",
      undo: "CLOSE c",
    },
    { what: "PREPARE", bind: "PREPARE mine AS SELECT 1", undo: "DEALLOCATE mine" },
    { what: "PREPARE", bind: "PREPARE mine AS SELECT 1", undo: "DEALLOCATE ALL" },
    {
      what: "everything",
      bind: "CREATE TEMP TABLE mine (id int); SELECT pg_advisory_lock(1)",
      undo: "DISCARD ALL",
    },
  ];

  for (const region of [east, west]) {
    for (const { what, bind, undo } of ways) {
      test(`case 28: ${what} binds a client until ${undo}, in ${region}`, async () => {
        const [one, two] = [await client(region), await client(region, { database: "orders-rw" })];
        await two.query("SELECT 1");
        await one.query(bind);
        await eventually("it is pinned", async () => Promise.resolve(pinned(region) === 1));
        await one.query(undo);
        await eventually("it is pinned no more", async () => Promise.resolve(pinned(region) === 0));
        // The only server of the writer is free again.
        await two.query("INSERT INTO item (name) VALUES ('two')");
        const { rows } = await two.query(
          "SELECT count(*)::int AS n FROM pg_locks WHERE locktype = 'advisory'",
        );
        expect(rows).toEqual([{ n: 0 }]);
      });
    }

    test(`case 28: a nested lock is held until it was released as often, in ${region}`, async () => {
      const [one, two] = [await client(region), await client(region, { database: "orders-rw" })];
      await one.query("SELECT pg_advisory_lock(7)");
      await one.query("SELECT pg_advisory_lock(7)");
      await one.query("SELECT pg_advisory_unlock(7)");
      expect(pinned(region)).toBe(1);
      await expect(two.query("SELECT pg_try_advisory_lock(7)")).rejects.toMatchObject({
        code: "57P03",
      });
      await one.query("SELECT pg_advisory_unlock(7)");
      const { rows } = await two.query(
        "SELECT pg_try_advisory_lock(7) AS got, pg_advisory_unlock_all()",
      );
      expect(rows[0]).toMatchObject({ got: true });
    });

    test(`case 28: what a client leaves behind at its end is gone, in ${region}`, async () => {
      for (const bind of [
        "CREATE TEMP TABLE mine (id int)",
        "SELECT pg_advisory_lock(3)",
        "SELECT lock_it(3)",
        "PREPARE mine AS SELECT 1",
        "BEGIN; SELECT lock_it(3)",
        "SELECT lock_it(3), pg_sleep(0.05)",
      ]) {
        const one = await world.client(region);
        await one.query(bind);
        await one.end();
        const two = await client(region, { database: "orders-rw" });
        const { rows } = await two.query(
          "SELECT pg_try_advisory_xact_lock(3) AS got, to_regclass('mine') AS t, (SELECT count(*)::int FROM pg_prepared_statements WHERE from_sql) AS p",
        );
        expect([bind, rows[0]]).toEqual([bind, { got: true, t: null, p: 0 }]);
      }
    });

    test(`case 28: a lock outlives the error of its statement, and still binds, in ${region}`, async () => {
      const [one, two] = [await client(region), await client(region, { database: "orders-rw" })];
      const failing = one.query("SELECT pg_advisory_lock(4), 1 / (random()::int * 0)");
      await expect(failing).rejects.toMatchObject({ code: "22012" });
      await eventually("it is pinned", async () => Promise.resolve(pinned(region) === 1));
      await one.query("SELECT pg_advisory_unlock_all()");
      const { rows } = await two.query("SELECT pg_try_advisory_xact_lock(4) AS got");
      expect(rows).toEqual([{ got: true }]);
    });

    test(`case 30: currval tells a client of its own nextval, and never of another's, in ${region}`, async () => {
      const [one, two] = [await client(region), await client(region)];
      await one.query("BEGIN");
      const { rows: drawn } = await one.query("SELECT nextval('counter') AS n");
      expect((await one.query("SELECT currval('counter') AS n")).rows).toEqual(drawn);
      await one.query("COMMIT");
      const mine = (await one.query("SELECT nextval('counter') AS n")).rows;
      expect((await one.query("SELECT currval('counter') AS n")).rows).toEqual(mine);
      await one.query("INSERT INTO item (name) VALUES ('one')");
      await one.query("SELECT lastval()");
      // It stays where its values are from then on.
      expect(pinned(region)).toBe(1);
      await one.query("DISCARD ALL");
      await one.query("SELECT nextval('counter')");
      await two.query("SELECT nextval('counter')");
      await expect(one.query("SELECT currval('counter')")).rejects.toMatchObject({ code: "55000" });
      await one.query("SELECT nextval('counter')");
      await expect(two.query("SELECT lastval()")).rejects.toMatchObject({ code: "55000" });
    });

    test(`prepared names are their client's own, and DEALLOCATE knows them, in ${region}`, async () => {
      const [one, two] = [await client(region), await client(region)];
      const get = (from: pg.Client, name: string, text: string): Promise<unknown[]> =>
        from.query<{ v: number }>({ name, text }).then(({ rows }) => rows);
      expect(await get(one, "q", "SELECT 1 AS v")).toEqual([{ v: 1 }]);
      expect(await get(two, "q", "SELECT 2 AS v")).toEqual([{ v: 2 }]);
      expect(await get(one, "q", "SELECT 1 AS v")).toEqual([{ v: 1 }]);
      await one.query('DEALLOCATE "q"');
      expect(await get(two, "q", "SELECT 2 AS v")).toEqual([{ v: 2 }]);
      await expect(one.query("DEALLOCATE q")).rejects.toMatchObject({ code: "26000" });
      await expect(get(one, "q", "SELECT 1 AS v")).rejects.toMatchObject({ code: "26000" });
      // A server has it by a name of the gateway's, which is nobody's.
      for (const name of ["L1", "L2", "L3", "L4", "L5", "L6"]) {
        await expect(one.query(`DEALLOCATE "${name}"`)).rejects.toMatchObject({ code: "26000" });
      }
      await two.query("DEALLOCATE ALL");
      await expect(get(two, "q", "SELECT 2 AS v")).rejects.toMatchObject({ code: "26000" });
      await one.query("BEGIN; INSERT INTO item (name) VALUES ('x')");
      await expect(one.query("DEALLOCATE nothing")).rejects.toMatchObject({ code: "26000" });
      await expect(one.query("SELECT 1")).rejects.toMatchObject({ code: "25P02" });
      await one.query("ROLLBACK");
      expect((await two.query("SELECT 1 AS n")).rows).toEqual([{ n: 1 }]);
    });

    test(`a LISTEN never stays in a server, in ${region}`, async () => {
      const [one, two] = [await client(region), await client(region, { database: "orders-rw" })];
      const heard: string[] = [];
      one.on("notification", ({ channel }) => heard.push(channel));
      two.on("notification", ({ channel }) => heard.push(`not mine: ${channel}`));
      await one.query("LISTEN first; LISTEN second");
      // Through another gateway nobody sees what a function listens to.
      if (region === east) await one.query("SELECT hear('third')");
      else await one.query("LISTEN third");
      await two.query(
        "SELECT pg_notify(c, '') FROM unnest(ARRAY['first', 'second', 'third']) AS c",
      );
      await eventually("all are heard", async () => Promise.resolve(heard.length >= 3));
      expect(heard.toSorted()).toEqual(["first", "second", "third"]);
      await two.query("SELECT 1");
      expect((await two.query("SELECT pg_listening_channels()")).rows).toEqual([]);
    });
  }
});
