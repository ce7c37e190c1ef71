/** What applications connect with runs through the gateways unchanged, in both Regions, 60 ms apart. */
import pg from "pg";
import postgres from "postgres";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { DataSource, EntitySchema, type MigrationInterface, type QueryRunner } from "typeorm";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { appPassword, eventually } from "../../test/postgres/scratch.ts";
import { east, TwoRegions, west } from "../../test/gateway/two-regions.ts";
import type { RegionId } from "../model/region.ts";

type Account = { id: number; name: string; balance: number; notes: Note[] };
type Note = { id: number; text: string; account: Account };

const accounts = new EntitySchema<Account>({
  name: "account",
  columns: {
    id: { type: "int", primary: true, generated: "increment" },
    name: { type: "text", unique: true },
    balance: { type: "int", default: 0 },
  },
  relations: { notes: { type: "one-to-many", target: "note", inverseSide: "account" } },
});
const notes = new EntitySchema<Note>({
  name: "note",
  columns: { id: { type: "int", primary: true, generated: "increment" }, text: { type: "text" } },
  relations: {
    account: { type: "many-to-one", target: "account", inverseSide: "notes", nullable: false },
  },
});

class MakeTables1700000000001 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`CREATE TABLE account (id serial PRIMARY KEY, name text UNIQUE NOT NULL)`);
    await runner.query(`CREATE TABLE note (id serial PRIMARY KEY, text text NOT NULL,
      "accountId" int NOT NULL REFERENCES account)`);
  }
  async down(runner: QueryRunner): Promise<void> {
    await runner.query("DROP TABLE note, account");
  }
}
class AddBalance1700000000002 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query("ALTER TABLE account ADD COLUMN balance int NOT NULL DEFAULT 0");
    await runner.query('CREATE INDEX note_account ON note ("accountId")');
    await runner.query("INSERT INTO account (name, balance) VALUES ('bank', 1000)");
  }
  async down(runner: QueryRunner): Promise<void> {
    await runner.query("ALTER TABLE account DROP COLUMN balance");
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof pg.DatabaseError ? error.code : error;
}

describe.sequential("drivers", () => {
  let world: TwoRegions;
  const login = (region: RegionId) => ({
    ...world.place(region).listen,
    user: "app",
    password: appPassword.reveal(),
    database: "orders",
  });

  beforeAll(async () => {
    world = await TwoRegions.open({ rttMs: 60 });
    const one = await world.client(east);
    await one.query(
      "CREATE TABLE ledger (id int PRIMARY KEY, who text, at timestamptz DEFAULT now())",
    );
    await one.query("CREATE TABLE item (id int PRIMARY KEY, data jsonb)");
    await one.end();
  }, 60_000);
  afterAll(async () => {
    await world[Symbol.asyncDispose]();
  });

  for (const [number, region] of [east, west].entries()) {
    const base = number * 100_000;

    test(`pg: a pool with prepared statements, transactions and errors, in ${region}`, async () => {
      const pool = new pg.Pool({ ...login(region), max: 4 });
      await Promise.all(
        Array.from({ length: 16 }, async (_, n) => {
          const id = base + n;
          const insert = { name: "put", text: "INSERT INTO ledger (id, who) VALUES ($1, $2)" };
          await pool.query({ ...insert, values: [id, `pg ${n}`] });
          // Whatever connection of the pool it is, the session has no token of it; the same one has.
          const one = await pool.connect();
          try {
            await one.query("BEGIN");
            const get = { name: "get", text: "SELECT who FROM ledger WHERE id = $1 FOR UPDATE" };
            expect((await one.query({ ...get, values: [id] })).rows).toEqual([{ who: `pg ${n}` }]);
            const failed = await one.query({ ...insert, values: [id, "again"] }).catch(codeOf);
            expect(failed).toBe("23505");
            await one.query("ROLLBACK");
            await one.query("BEGIN");
            await one.query("UPDATE ledger SET who = who || '!' WHERE id = $1", [id]);
            await one.query("COMMIT");
            const after = { name: "see", text: "SELECT who FROM ledger WHERE id = $1" };
            expect((await one.query({ ...after, values: [id] })).rows).toEqual([
              { who: `pg ${n}!` },
            ]);
          } finally {
            one.release();
          }
        }),
      );
      await pool.end();
    });

    test(`pg: types, dates, arrays, cursors and several statements in one, in ${region}`, async () => {
      const one = new pg.Client(login(region));
      await one.connect();
      const { rows } = await one.query({
        text: "SELECT $1::timestamptz AS t, $2::int[] AS a, $3::jsonb AS j, $4::bytea AS b, $5::numeric AS n",
        values: [new Date(0), [1, 2], { a: [null, "ü"] }, Buffer.from([0, 255]), "1.50"],
      });
      expect(rows[0]).toEqual({
        t: new Date(0),
        a: [1, 2],
        j: { a: [null, "ü"] },
        b: Buffer.from([0, 255]),
        n: "1.50",
      });
      const several = (await one.query(
        "SELECT 1 AS a; SELECT 2 AS b",
      )) as unknown as pg.QueryResult[];
      expect(several.map(({ rows: each }) => each)).toEqual([[{ a: 1 }], [{ b: 2 }]]);
      await one.query("BEGIN");
      await one.query("DECLARE c CURSOR FOR SELECT generate_series(1, 1000) AS n");
      let seen = 0;
      for (;;) {
        const { rowCount } = await one.query("FETCH 300 FROM c");
        if (!rowCount) break;
        seen += rowCount;
      }
      await one.query("COMMIT");
      expect(seen).toBe(1000);
      await one.end();
    });

    test(`postgres.js: pipelined statements, transactions, savepoints and cursors, in ${region}`, async () => {
      const sql = postgres({ ...login(region), max: 3, onnotice: () => undefined });
      const ids = Array.from({ length: 60 }, (_, n) => base + 1_000 + n);
      await Promise.all(ids.map((id) => sql`INSERT INTO ledger ${sql({ id, who: `js ${id}` })}`));
      const found = await sql<
        { n: number }[]
      >`SELECT count(*)::int AS n FROM ledger WHERE id IN ${sql(ids)}`;
      // Another connection of the driver may read a moment too early; the writer never does.
      expect(found[0]?.n).toBeGreaterThan(0);
      const inside = await sql.begin(async (tx) => {
        await tx`UPDATE ledger SET who = 'tx' WHERE id = ${ids[0] ?? 0}`;
        await tx
          .savepoint(async (sp) => {
            await sp`UPDATE ledger SET who = 'sp' WHERE id = ${ids[0] ?? 0}`;
            throw new Error("undo");
          })
          .catch(() => undefined);
        const [one, two, three] = await Promise.all([
          tx<{ who: string }[]>`SELECT who FROM ledger WHERE id = ${ids[0] ?? 0}`,
          tx`SELECT 2 AS n`,
          tx`SELECT 3 AS n`,
        ]);
        expect([two[0], three[0]]).toEqual([{ n: 2 }, { n: 3 }]);
        return one;
      });
      expect([...inside]).toEqual([{ who: "tx" }]);
      let rows = 0;
      await sql`SELECT generate_series(1, 500) AS n`.cursor(
        100,
        (some) => void (rows += some.length),
      );
      expect(rows).toBe(500);
      await expect(sql`SELECT 1 / ${0}::int`).rejects.toMatchObject({ code: "22012" });
      await sql.end();
    });

    test(`postgres.js: COPY in and out, LISTEN and NOTIFY, in ${region}`, async () => {
      const sql = postgres({ ...login(region), max: 2, onnotice: () => undefined });
      const heard: string[] = [];
      const { unlisten } = await sql.listen("orders_done", (payload) => heard.push(payload));
      const lines = Array.from({ length: 5_000 }, (_, n) => `${base + n}\t{"n": ${n}}\n`);
      const into = await sql`COPY item (id, data) FROM STDIN`.writable();
      await pipeline(Readable.from(lines), into);
      await sql.notify("orders_done", "copied");
      await eventually("it hears itself", async () => Promise.resolve(heard.includes("copied")));
      const back =
        await sql`COPY (SELECT id FROM item WHERE id >= ${sql.unsafe(String(base))} ORDER BY id) TO STDOUT`.readable();
      let text = "";
      for await (const piece of back) text += String(piece);
      expect(text.trim().split("\n").length).toBeGreaterThanOrEqual(5_000);
      await unlisten();
      await sql.end();
    });

    test(`postgres.js: without prepared statements, and fetching types, in ${region}`, async () => {
      const answers = async (
        at: Pick<ReturnType<typeof login>, "host" | "port">,
      ): Promise<unknown> => {
        const to = { ...login(region), host: at.host, port: at.port };
        const sql = postgres({ ...to, max: 1, prepare: false, fetch_types: true });
        try {
          const first = await sql`SELECT ARRAY['a', 'b'] AS a, ARRAY[1.5, 2.5] AS n`;
          const [second] = await sql`SELECT ${sql.array([1, 2, 3], 1007)}::int[] AS a, ${"x"} AS t`;
          const error = await sql`SELECT * FROM nowhere`.catch((cause: unknown) => cause);
          const { code, position, routine } = error as postgres.PostgresError;
          return [[...first], second, { code, position, routine }, await sql`SHOW server_version`];
        } finally {
          await sql.end();
        }
      };
      expect(await answers(world.place(region).listen)).toEqual(
        await answers(world.place(east).instance),
      );
    });

    test(`TypeORM: migrations, and reads right after writes, in ${region}`, async () => {
      const { host, port, user, password, database } = login(region);
      const source = new DataSource({
        type: "postgres",
        host,
        port,
        username: user,
        password,
        database,
        entities: [accounts, notes],
        migrations: [MakeTables1700000000001, AddBalance1700000000002],
        extra: { max: 2 },
      });
      await source.initialize();
      const ran = await source.runMigrations({ transaction: "each" });
      expect(ran).toHaveLength(2);
      expect(await source.showMigrations()).toBe(false);
      const runner = source.createQueryRunner();
      const table = await runner.getTable("account");
      expect(table?.columns.map(({ name }) => name).toSorted()).toEqual(["balance", "id", "name"]);
      const { manager } = runner;
      for (let round = 0; round < 4; round += 1) {
        const saved = await manager.save(accounts, { name: `user ${round}`, balance: round });
        const read = await manager.findOneByOrFail(accounts, { id: saved.id });
        expect(read).toMatchObject({ name: `user ${round}`, balance: round });
        await manager.save(notes, { text: `note ${round}`, account: saved as Account });
        const joined = await manager.findOne(accounts, {
          where: { name: `user ${round}` },
          relations: { notes: true },
        });
        expect(joined?.notes.map(({ text }) => text)).toEqual([`note ${round}`]);
      }
      await source.transaction(async (inside) => {
        await inside.decrement(accounts, { name: "bank" }, "balance", 100);
        await inside.increment(accounts, { name: "user 3" }, "balance", 100);
      });
      const failing = source.transaction(async (inside) => {
        await inside.decrement(accounts, { name: "bank" }, "balance", 500);
        await inside.insert(accounts, { name: "user 3" });
      });
      await expect(failing).rejects.toMatchObject({ code: "23505" });
      const held = await source.transaction((inside) =>
        inside.find(accounts, { where: { name: "bank" }, lock: { mode: "pessimistic_write" } }),
      );
      expect(held.map(({ balance }) => balance)).toEqual([900]);
      await runner.release();
      await source.undoLastMigration();
      await source.undoLastMigration();
      await source.query("DROP TABLE migrations");
      await source.destroy();
    });
  }
});
