/**
 * Cases 15 to 26: whatever a client of a secondary Region says, it is answered as the writer itself answers it, and
 * nothing that it does is lost.
 */
import pg from "pg";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import {
  extended,
  simple,
  wordsOf,
  type Outcome,
  type Protocol,
} from "../../test/gateway/outcome.ts";
import { inWords, RawClient } from "../../test/gateway/raw-client.ts";
import {
  accepted,
  catalog,
  digest,
  mistakes,
  reads,
  refused,
  refusedOtherwise,
  reset,
} from "../../test/gateway/statement-matrix.ts";
import { east, TwoRegions, west } from "../../test/gateway/two-regions.ts";
import { appPassword, eventually, superuserPassword } from "../../test/postgres/scratch.ts";
import type { Address } from "../model/address.ts";
import type { RegionId } from "../model/region.ts";
import { encodeQuery } from "../wire/postgres/frontend-messages.ts";
import type { DatabaseGateway } from "./database-gateway.ts";

let world: TwoRegions;
/** Superuser, at the writer itself. */
let root: pg.Client;
/** Superuser, at the standby itself. */
let standby: pg.Client;
const open: { end(): unknown }[] = [];

beforeAll(async () => {
  world = await TwoRegions.open({
    rttMs: 10,
    own: [
      { name: "max_prepared_transactions", value: "10" },
      { name: "fsync", value: "off" },
    ],
  });
  const { instance } = world.place(east);
  const owner = await direct(instance);
  await owner.query(catalog);
  const superuser = { user: "leeward", password: superuserPassword.reveal() };
  root = await direct(instance, superuser);
  standby = await direct(world.place(west).instance, superuser);
  open.length = 0;
  await owner.end();
  await root.query(`
    CREATE EXTENSION dblink;
    CREATE EXTENSION file_fdw;
    CREATE SERVER files FOREIGN DATA WRAPPER file_fdw;
    CREATE FOREIGN TABLE elsewhere (x text) SERVER files OPTIONS (program 'echo far');
    ALTER FOREIGN TABLE elsewhere OWNER TO app;
    GRANT pg_execute_server_program, pg_read_server_files TO app;
    CREATE TABLE to_the_writer AS SELECT 'host=${instance.host} port=${instance.port} dbname=orders
      user=app password=${appPassword.reveal()}' AS connection;
    GRANT SELECT ON to_the_writer TO app;`);
}, 60_000);
afterAll(async () => {
  await root.end();
  await standby.end();
  await world[Symbol.asyncDispose]();
});
afterEach(async () => {
  for (const one of open.splice(0)) await one.end();
});

async function direct(at: Address, config: pg.ClientConfig = {}): Promise<pg.Client> {
  const login = { user: "app", password: appPassword.reveal(), database: "orders" };
  const opened = new pg.Client({ ...at, ...login, ...config });
  opened.on("error", () => undefined);
  open.push(opened);
  await opened.connect();
  return opened;
}

async function client(region: RegionId, config: pg.ClientConfig = {}): Promise<pg.Client> {
  const opened = await world.client(region, config);
  open.push(opened);
  return opened;
}

const homeOf = (region: RegionId): DatabaseGateway => {
  const [home] = world.place(region).gateway.databases;
  if (!home) throw new Error("a gateway has its database");
  return home;
};

/** Everything is replayed in the west, and its gateway knows the catalog: what it then decides is no accident. */
async function settled(): Promise<void> {
  const { rows } = await root.query<{ lsn: string }>("SELECT pg_current_wal_flush_lsn() AS lsn");
  await eventually("it is replayed", async () => {
    const found = await standby.query<{ is: boolean }>(
      "SELECT pg_last_wal_replay_lsn() >= $1::pg_lsn AS is",
      [rows[0]?.lsn],
    );
    return found.rows[0]?.is === true;
  });
  await eventually("the catalog is known", () => Promise.resolve(homeOf(west).isCatalogCurrent));
}

/** In the west, how many of what was answered since came from where. */
async function counted(
  work: () => Promise<unknown>,
): Promise<{ readonly local: number; readonly replays: number }> {
  const { counts } = homeOf(west);
  const before = { ...counts };
  await work();
  return {
    local: counts.localReads - before.localReads,
    replays: counts.replays - before.replays,
  };
}

/** It has to be done again only after something was changed. */
let isFresh = false;
let fresh = "";

async function refresh(): Promise<void> {
  if (!isFresh) await root.query(reset);
  fresh ||= await leftNow();
  isFresh = true;
  await settled();
}

async function leftNow(): Promise<string> {
  const { rows } = await root.query<{ digest: string }>(digest);
  return rows[0]?.digest ?? "";
}

async function outcomeAt(
  address: Address,
  text: string,
  protocol: Protocol,
  isVarying: boolean,
): Promise<Outcome> {
  await refresh();
  const raw = await RawClient.login(address);
  const words = wordsOf(await raw.ask(protocol(text)), isVarying);
  raw.close();
  const left = await leftNow();
  isFresh = left === fresh;
  return { words, left };
}

const titled = (text: string): [string, string] => [text.slice(0, 60).trim(), text];

/** A text of one statement says the same when it is prepared. */
async function bothWays(
  text: string,
  isVarying = false,
): Promise<{ readonly itself: readonly Outcome[]; readonly through: readonly Outcome[] }> {
  const itself = await outcomeAt(world.place(east).instance, text, simple, isVarying);
  const protocols = /;./s.test(text) ? [simple] : [simple, extended];
  const through: Outcome[] = [];
  for (const protocol of protocols) {
    through.push(await outcomeAt(world.place(west).listen, text, protocol, isVarying));
  }
  return { itself: protocols.map(() => itself), through };
}

describe.sequential("cases 15 and 16: the matrix of what standbys do", () => {
  test.each(refused)("cases 15, 16: what a standby refuses is done: %s", async (text) => {
    const { itself, through } = await bothWays(text, text.startsWith("EXPLAIN"));
    expect(through).toEqual(itself);
  });

  test.each(refusedOtherwise)("cases 15, 16: also by another SQLSTATE: %s", async (text) => {
    const { itself, through } = await bothWays(text, true);
    expect(through).toEqual(itself);
  });

  test.each(accepted)("cases 16 to 21: what a standby would swallow is done: %s", async (text) => {
    const { itself, through } = await bothWays(text, text.startsWith("EXPLAIN"));
    expect(through).toEqual(itself);
  });

  test.each(reads.map(titled))("cases 15, 22: a read is the same read: %s", async (_, text) => {
    const { local } = await counted(async () => {
      const { itself, through } = await bothWays(text, text.startsWith("EXPLAIN (ANALYZE"));
      expect(through).toEqual(itself);
    });
    expect(local).toBeGreaterThan(0);
  });

  test.each(mistakes)("case 23: a mistake is told in PostgreSQL's words: %s", async (text) => {
    const { itself, through } = await bothWays(text);
    expect(through).toEqual(itself);
  });
});

/** How often something was written to the log, at the writer. */
async function logged(): Promise<number> {
  const { rows } = await root.query<{ n: number }>("SELECT count(*)::int AS n FROM log");
  return rows[0]?.n ?? 0;
}

const swallows = (
  name: string,
): string => `CREATE OR REPLACE FUNCTION ${name}() RETURNS int VOLATILE LANGUAGE plpgsql AS
  $$ BEGIN INSERT INTO log VALUES ('${name}'); RETURN 1; EXCEPTION WHEN OTHERS THEN RETURN 0; END $$`;

describe.sequential("case 18: what a text means changes while its meaning is known", () => {
  /** A function that every session of the west has been answered by its own instance. */
  const known = async (name: string): Promise<pg.Client> => {
    await root.query("DELETE FROM log");
    const owner = await client(east);
    await owner.query(`CREATE FUNCTION ${name}() RETURNS int STABLE LANGUAGE sql AS 'SELECT 1';
      CREATE VIEW v_${name} AS SELECT 1 AS n`);
    await settled();
    const reader = await client(west);
    await eventually("it is read where the client is", async () => {
      const { local } = await counted(() => reader.query(`SELECT ${name}()`));
      const { local: ofView } = await counted(() => reader.query(`SELECT n FROM v_${name}`));
      return local + ofView === 2;
    });
    return reader;
  };

  test("case 18: a function that is replaced through this gateway is never lost, by any session", async () => {
    const reader = await known("f_18");
    await (await client(west)).query(swallows("f_18"));
    await reader.query("SELECT f_18()");
    expect(await logged()).toBe(1);
  });

  test("case 18: nor one that is replaced in a transaction", async () => {
    const reader = await known("f_18_block");
    const other = await client(west);
    await other.query("BEGIN");
    await other.query(swallows("f_18_block"));
    await reader.query("SELECT f_18_block()");
    await settled();
    await other.query("COMMIT");
    await reader.query("SELECT f_18_block()");
    expect(await logged()).toBe(1);
  });

  test("case 18: nor a view that is replaced by one that writes", async () => {
    const reader = await known("f_18_view");
    await (await client(west)).query(
      "CREATE OR REPLACE VIEW v_f_18_view AS SELECT f_swallow() AS n",
    );
    await reader.query("SELECT n FROM v_f_18_view");
    expect(await logged()).toBe(1);
  });

  test("case 18: what the other Region replaces is noticed by itself, within some seconds", async () => {
    const reader = await known("f_18_far");
    await (await client(east)).query(swallows("f_18_far"));
    const sinceMs = performance.now();
    await eventually("it is known to write", async () => {
      await reader.query("SELECT f_18_far()");
      return (await logged()) > 0;
    });
    // A second, and what a busy machine adds.
    expect(performance.now() - sinceMs).toBeLessThan(5_000);
  });
});

describe.sequential("case 22: how a text is to be read", () => {
  // Read by the standard, all of it is one string.
  const backslashes = "SELECT '\\'' || f_swallow() -- '";

  test("case 22: backslashes escape where standard_conforming_strings is off, however that was said", async () => {
    await root.query("DELETE FROM log");
    const one = await client(west);
    await one.query(backslashes);
    expect(await logged()).toBe(0);
    await one.query("SET standard_conforming_strings = off");
    const { rows } = await one.query(backslashes);
    expect(Object.values(rows[0] as object)).toEqual(["'1"]);
    expect(await logged()).toBe(1);
    const other = await client(west, { options: "-c standard_conforming_strings=off" });
    await other.query(backslashes);
    expect(await logged()).toBe(2);
    await one.query("SET standard_conforming_strings = on");
    await one.query(backslashes);
    await other.query({ text: backslashes, name: "prepared" });
    expect(await logged()).toBe(3);
    await one.query({ text: backslashes, name: "prepared" });
    expect(await logged()).toBe(3);
  });

  /** Each character a byte. */
  const bytesOf = (text: string): Buffer => {
    const body = Buffer.from(`${text}\0`, "latin1");
    const head = Buffer.from([0x51, 0, 0, 0, 0]);
    head.writeInt32BE(body.length + 4, 1);
    return Buffer.concat([head, body]);
  };

  test.each([
    // The second byte of this character is a backslash in ASCII.
    ["SJIS", "SELECT E'\x95\\' || f_swallow() -- '"],
    ["LATIN1", 'SELECT "f_\xe9"()'],
    ["LATIN1", "SELECT f_swallow() AS \xe9"],
  ])("case 22: a text in %s is what it is: %s", async (encoding, text) => {
    for (const parameters of [{ client_encoding: encoding }, {}]) {
      await root.query("DELETE FROM log");
      const raw = await RawClient.login(world.place(west).listen, { parameters });
      if (!("client_encoding" in parameters)) {
        await raw.ask([encodeQuery(`SET NAMES '${encoding}'`)]);
      }
      expect(inWords(await raw.ask([bytesOf(text)]))).toContain("C SELECT 1");
      raw.close();
      expect(await logged()).toBe(1);
    }
  });
});

describe.sequential("cases 24 to 26: what a standby refuses, lacks, or has not yet", () => {
  /** What this gateway knows of the catalog is wrong about one function. */
  const mistake = async (name: string): Promise<void> => {
    await settled();
    const home = homeOf(west);
    const facts = await home.questions.facts(AbortSignal.timeout(10_000));
    const volatileFunctions = new Set(facts.volatileFunctions);
    volatileFunctions.delete(name);
    home.book.use({ ...facts, volatileFunctions });
    home.registry.forgetMeanings();
  };

  test("case 24: a refusal before the first row is sent to the writer, and remembered", async () => {
    await root.query("DELETE FROM log");
    const one = await client(west);
    await mistake("f_late");
    const first = await counted(() => one.query("SELECT f_late(3000)"));
    expect(first.replays).toBe(1);
    const second = await counted(() => one.query("SELECT f_late(3000)"));
    expect(second.replays).toBe(0);
    expect(await logged()).toBe(2);
  });

  test("case 24: after rows have left for the client it is told, and nothing is done twice", async () => {
    await root.query("DELETE FROM log");
    await mistake("f_late");
    const raw = await RawClient.login(world.place(west).listen);
    const many = "SELECT f_late(i) FROM generate_series(1, 4000) AS i";
    const { replays } = await counted(async () => {
      const words = inWords(await raw.ask([encodeQuery(many)]));
      expect(words.filter((word) => word.startsWith("D "))).toHaveLength(2999);
      expect(words.slice(-2)).toEqual(["E 25006", "Z I"]);
    });
    expect(replays).toBe(0);
    expect(await logged()).toBe(0);
    expect(inWords(await raw.ask([encodeQuery("SELECT 1")]))).toContain("C SELECT 1");
    raw.close();
  });

  test("case 25: unlogged, foreign and temporary tables are read where they are", async () => {
    const one = await client(west);
    await root.query(`${reset} INSERT INTO u VALUES (25)`);
    await settled();
    expect((await one.query("SELECT id FROM u WHERE id = 25")).rows).toEqual([{ id: 25 }]);
    expect((await one.query("SELECT x FROM elsewhere")).rows).toEqual([{ x: "far" }]);
    await one.query("CREATE TEMP TABLE t AS SELECT 'mine' AS x");
    expect((await one.query("SELECT x FROM t")).rows).toEqual([{ x: "mine" }]);
    await one.query("DROP TABLE pg_temp.t");
    expect((await one.query("SELECT count(*)::int > 1 AS is FROM t")).rows).toEqual([{ is: true }]);
    await root.query("DELETE FROM u");
  });

  test("case 26: who changes the catalog finds it changed at once", async () => {
    const one = await client(west);
    const columns = async (): Promise<unknown> =>
      (
        await one.query<{ column_name: string }>(
          "SELECT column_name FROM information_schema.columns WHERE table_name = $1 ORDER BY 1",
          ["introspected"],
        )
      ).rows.map(({ column_name }) => column_name);
    for (let round = 0; round < 5; round += 1) {
      await one.query("CREATE TABLE introspected (a int)");
      expect(await columns()).toEqual(["a"]);
      await one.query("ALTER TABLE introspected ADD COLUMN b int");
      expect(await columns()).toEqual(["a", "b"]);
      await one.query("DROP TABLE introspected");
      expect(await columns()).toEqual([]);
    }
  });
});
