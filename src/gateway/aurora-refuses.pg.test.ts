/**
 * What Aurora's write forwarding refuses: from a secondary Region, through 60 ms, all of it works here as at the writer
 * itself.
 */
import type pg from "pg";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { inWords, RawClient } from "../../test/gateway/raw-client.ts";
import { TwoRegions, west } from "../../test/gateway/two-regions.ts";
import { eventually, superuserPassword } from "../../test/postgres/scratch.ts";
import { encodeCopyData, encodeQuery } from "../wire/postgres/frontend-messages.ts";
import { backend, frontend } from "../wire/postgres/message-types.ts";

describe.sequential("what Aurora's write forwarding refuses", () => {
  let world: TwoRegions;
  let one: pg.Client;
  const open: pg.Client[] = [];
  const client = async (config: pg.ClientConfig = {}): Promise<pg.Client> => {
    const opened = await world.client(west, config);
    open.push(opened);
    return opened;
  };
  const rows = async (text: string, from = one): Promise<readonly unknown[]> =>
    (await from.query<Record<string, unknown>>(text)).rows;
  const value = async (text: string, from = one): Promise<unknown> =>
    Object.values(((await rows(text, from))[0] ?? {}) as object)[0];

  beforeAll(async () => {
    const own = [{ name: "max_prepared_transactions", value: "10" }];
    world = await TwoRegions.open({ rttMs: 60, own });
    const owner = await client();
    await owner.query(`CREATE TABLE t (id int PRIMARY KEY, x text);
      CREATE SEQUENCE s; INSERT INTO t SELECT i, 'row ' || i FROM generate_series(1, 100) AS i`);
    await owner.end();
    open.length = 0;
  }, 60_000);
  afterAll(async () => {
    await world[Symbol.asyncDispose]();
  });
  afterEach(async () => {
    for (const each of open.splice(0)) await each.end();
  });
  const session = async (): Promise<void> => {
    one = await client();
  };

  test("DDL: tables, columns, indexes, views, types, schemas", async () => {
    await session();
    for (const text of [
      "CREATE SCHEMA made",
      "CREATE TYPE made.colour AS ENUM ('red')",
      "ALTER TYPE made.colour ADD VALUE 'blue'",
      "CREATE TABLE made.t (id int, c made.colour DEFAULT 'red')",
      "ALTER TABLE made.t ADD COLUMN more text",
      "CREATE INDEX CONCURRENTLY made_index ON made.t (id)",
      "CREATE VIEW made.v AS SELECT c FROM made.t",
    ]) {
      await one.query(text);
    }
    await one.query("INSERT INTO made.t (c) VALUES ('blue')");
    expect(await rows("SELECT * FROM made.v")).toEqual([{ c: "blue" }]);
    await one.query("DROP SCHEMA made CASCADE");
    await expect(one.query("SELECT * FROM made.v")).rejects.toMatchObject({ code: "42P01" });
  });

  test.each(["ANALYZE t", "VACUUM t", "VACUUM (ANALYZE) t", "CLUSTER t USING t_pkey"])(
    "%s",
    async (text) => {
      await session();
      expect((await one.query(text)).command).toBe(text.split(" ")[0]);
    },
  );

  test("COPY, in both directions", async () => {
    const raw = await RawClient.login(world.place(west).listen);
    raw.send(encodeQuery("COPY t FROM STDIN"));
    await raw.take(backend.copyInResponse);
    const lines = Array.from({ length: 1000 }, (_, i) => `${1000 + i}\tcopied ${i}\n`).join("");
    const done = Buffer.from([frontend.copyDone, 0, 0, 0, 4]);
    expect(inWords(await raw.ask([encodeCopyData(Buffer.from(lines)), done]))).toEqual([
      "C COPY 1000",
      "Z I",
    ]);
    const words = inWords(await raw.ask([encodeQuery("COPY t TO STDOUT")]));
    expect(words).toContain("C COPY 1100");
    raw.close();
    await session();
    await one.query("DELETE FROM t WHERE id >= 1000");
  });

  test("cursors, over what the same transaction has written", async () => {
    await session();
    await one.query("BEGIN");
    await one.query("INSERT INTO t VALUES (200, 'new')");
    await one.query("DECLARE c CURSOR FOR SELECT id FROM t ORDER BY id DESC");
    expect(await rows("FETCH 2 FROM c")).toEqual([{ id: 200 }, { id: 100 }]);
    await one.query("MOVE 10 FROM c");
    await one.query("UPDATE t SET x = 'moved' WHERE id = 100");
    expect(await rows("FETCH c")).toEqual([{ id: 89 }]);
    await one.query("ROLLBACK");
    await one.query("DECLARE held CURSOR WITH HOLD FOR SELECT id FROM t ORDER BY id");
    expect(await rows("FETCH held")).toEqual([{ id: 1 }]);
    await one.query("CLOSE held");
  });

  test("GRANT and REVOKE", async () => {
    const root = await client({ user: "leeward", password: superuserPassword.reveal() });
    await root.query("CREATE ROLE reader");
    await session();
    await one.query("GRANT SELECT ON t TO reader");
    expect(await value("SELECT has_table_privilege('reader', 't', 'select')")).toBe(true);
    await one.query("REVOKE ALL ON t FROM reader");
    expect(await value("SELECT has_table_privilege('reader', 't', 'select')")).toBe(false);
  });

  test("LISTEN and NOTIFY", async () => {
    await session();
    const other = await client();
    const heard: (string | undefined)[] = [];
    other.on("notification", ({ payload }) => heard.push(payload));
    await other.query("LISTEN news");
    await one.query("NOTIFY news, 'told'");
    await one.query("SELECT pg_notify('news', 'called')");
    await eventually("both are heard", () => Promise.resolve(heard.length === 2));
    expect(heard).toEqual(["told", "called"]);
  });

  test("LOCK keeps others out until the transaction ends", async () => {
    await session();
    const other = await client();
    await one.query("BEGIN");
    await one.query("LOCK TABLE t IN ACCESS EXCLUSIVE MODE");
    await other.query("BEGIN");
    await expect(other.query("LOCK TABLE t IN SHARE MODE NOWAIT")).rejects.toMatchObject({
      code: "55P03",
    });
    await other.query("ROLLBACK");
    await one.query("COMMIT");
    expect((await other.query("UPDATE t SET x = 'free' WHERE id = 1")).rowCount).toBe(1);
  });

  test("SAVEPOINT, and a PL/pgSQL block with an exception", async () => {
    await session();
    await one.query("BEGIN");
    await one.query("SAVEPOINT a");
    await expect(one.query("INSERT INTO t VALUES (1)")).rejects.toMatchObject({ code: "23505" });
    await one.query("ROLLBACK TO a");
    await one.query("INSERT INTO t VALUES (201, 'after')");
    await one.query("RELEASE a");
    await one.query("COMMIT");
    await one.query(`DO $$ BEGIN
      BEGIN INSERT INTO t VALUES (1); EXCEPTION WHEN unique_violation THEN
        INSERT INTO t VALUES (202, 'caught'); END; END $$`);
    expect(await value("SELECT count(*)::int FROM t WHERE id > 200")).toBe(2);
    await one.query("DELETE FROM t WHERE id > 200");
  });

  test("SELECT INTO", async () => {
    await session();
    expect((await one.query("SELECT id INTO taken FROM t WHERE id <= 3")).rowCount).toBe(3);
    expect(await value("SELECT count(*)::int FROM taken")).toBe(3);
    await one.query("DROP TABLE taken");
  });

  test("SET CONSTRAINTS", async () => {
    await session();
    await one.query("CREATE TABLE child (t int REFERENCES t DEFERRABLE)");
    await one.query("BEGIN");
    await one.query("SET CONSTRAINTS ALL DEFERRED");
    await one.query("INSERT INTO child VALUES (300)");
    await one.query("INSERT INTO t VALUES (300, 'parent')");
    await one.query("COMMIT");
    await one.query("BEGIN");
    await one.query("SET CONSTRAINTS ALL DEFERRED");
    await one.query("INSERT INTO child VALUES (301)");
    await expect(one.query("COMMIT")).rejects.toMatchObject({ code: "23503" });
    await one.query("DROP TABLE child; DELETE FROM t WHERE id = 300");
  });

  test("nextval, setval, currval", async () => {
    await session();
    expect(await value("SELECT setval('s', 40)")).toBe("40");
    expect(await value("SELECT nextval('s')")).toBe("41");
    expect(await value("SELECT currval('s')")).toBe("41");
    expect(await value("SELECT lastval()")).toBe("41");
  });

  test("TRUNCATE", async () => {
    await session();
    await one.query("CREATE TABLE full_of AS SELECT 1 AS id");
    await one.query("TRUNCATE full_of");
    expect(await value("SELECT count(*)::int FROM full_of")).toBe(0);
    await one.query("DROP TABLE full_of");
  });

  test("two-phase commit, finished by another session", async () => {
    await session();
    await one.query("BEGIN");
    await one.query("INSERT INTO t VALUES (400, 'prepared')");
    await one.query("PREPARE TRANSACTION 'of west'");
    const other = await client();
    expect(await value("SELECT count(*)::int FROM t WHERE id = 400", other)).toBe(0);
    await other.query("COMMIT PREPARED 'of west'");
    expect(await value("SELECT x FROM t WHERE id = 400", other)).toBe("prepared");
    await one.query("BEGIN");
    await one.query("DELETE FROM t WHERE id = 400");
    await one.query("PREPARE TRANSACTION 'not'");
    await one.query("ROLLBACK PREPARED 'not'");
    expect(await value("SELECT count(*)::int FROM t WHERE id = 400")).toBe(1);
    await one.query("DELETE FROM t WHERE id = 400");
  });

  test("functions and procedures of users, also one that commits", async () => {
    await session();
    await one.query(`CREATE FUNCTION add(int) RETURNS text LANGUAGE sql AS
      'INSERT INTO t VALUES ($1, ''added'') RETURNING x'`);
    await one.query(`CREATE PROCEDURE add_two(int, INOUT n int DEFAULT 0) LANGUAGE plpgsql AS $$ BEGIN
      INSERT INTO t VALUES ($1); COMMIT; INSERT INTO t VALUES ($1 + 1); n := $1 + 1; END $$`);
    expect((await one.query("SELECT add($1)", [500])).rows).toEqual([{ add: "added" }]);
    expect(await rows("CALL add_two(501)")).toEqual([{ n: 502 }]);
    expect(await value("SELECT count(*)::int FROM t WHERE id >= 500")).toBe(3);
    await one.query("DELETE FROM t WHERE id >= 500");
  });

  test("SERIALIZABLE: of two that would contradict each other, one fails", async () => {
    await session();
    const other = await client();
    for (const each of [one, other]) {
      await each.query("BEGIN ISOLATION LEVEL SERIALIZABLE");
      expect(await value("SHOW transaction_isolation", each)).toBe("serializable");
      await each.query("SELECT sum(length(x)) FROM t");
    }
    await one.query("UPDATE t SET x = 'of one' WHERE id = 1");
    await other.query("UPDATE t SET x = 'of the other' WHERE id = 2");
    await one.query("COMMIT");
    await expect(other.query("COMMIT")).rejects.toMatchObject({ code: "40001" });
    await other.query("ROLLBACK");
    await one.query("SET default_transaction_isolation = serializable");
    expect(await value("SELECT x FROM t WHERE id = 1")).toBe("of one");
  });

  test("MERGE", async () => {
    await session();
    const merged =
      await one.query(`MERGE INTO t USING (VALUES (1, 'merged'), (600, 'merged')) AS v (id, x)
      ON t.id = v.id WHEN MATCHED THEN UPDATE SET x = v.x WHEN NOT MATCHED THEN INSERT VALUES (v.id, v.x)`);
    expect(merged.rowCount).toBe(2);
    expect(await value("SELECT count(*)::int FROM t WHERE x = 'merged'")).toBe(2);
    await one.query("DELETE FROM t WHERE id = 600");
  });

  test("temporary tables among writes and reads of others", async () => {
    await session();
    await one.query("CREATE TEMP TABLE mine (id int, x text)");
    await one.query("INSERT INTO mine SELECT id, x FROM t WHERE id <= 3");
    await one.query("BEGIN");
    await one.query("UPDATE t SET x = 'from mine' FROM mine WHERE t.id = mine.id AND mine.id = 3");
    await one.query("INSERT INTO mine VALUES (4, 'four')");
    await one.query("COMMIT");
    expect(await value("SELECT t.x FROM t JOIN mine USING (id) WHERE id = 3")).toBe("from mine");
    expect(await value("SELECT count(*)::int FROM mine")).toBe(4);
    const other = await client();
    await expect(other.query("SELECT * FROM mine")).rejects.toMatchObject({ code: "42P01" });
    await one.query("DISCARD TEMP");
    await expect(one.query("SELECT * FROM mine")).rejects.toMatchObject({ code: "42P01" });
  });
});
