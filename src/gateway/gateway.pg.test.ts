/** A gateway in each of two Regions, with real PostgreSQL behind them and a real link between them. */
import type pg from "pg";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { clock, eventually, superuserPassword } from "../../test/postgres/scratch.ts";
import { east, TwoRegions, west } from "../../test/gateway/two-regions.ts";
import { consoleName } from "../model/gateway.ts";
import type { Epoch, RegionId } from "../model/region.ts";

describe.sequential("through the gateway", () => {
  let world: TwoRegions;
  const open: pg.Client[] = [];
  const client = async (region: RegionId, config: pg.ClientConfig = {}): Promise<pg.Client> => {
    const opened = await world.client(region, config);
    open.push(opened);
    return opened;
  };

  beforeAll(async () => {
    world = await TwoRegions.open({ rttMs: 60 });
  }, 60_000);
  afterAll(async () => {
    await world[Symbol.asyncDispose]();
  });
  afterEach(async () => {
    for (const one of open.splice(0)) await one.end();
  });

  const where = async (from: pg.Client): Promise<boolean> => {
    const { rows } = await from.query<{ is: boolean }>("SELECT pg_is_in_recovery() AS is");
    return rows[0]?.is === true;
  };

  test("a login in the writer's Region reads and writes", async () => {
    const one = await client(east);
    await one.query("CREATE TABLE first (id int PRIMARY KEY, name text)");
    await one.query("INSERT INTO first VALUES ($1, $2)", [1, "one"]);
    expect((await one.query("SELECT * FROM first")).rows).toEqual([{ id: 1, name: "one" }]);
    expect(await where(one)).toBe(false);
  });

  test("in a secondary Region reads are local, and writes reach the writer", async () => {
    const one = await client(west);
    // As soon as the gateway has read the catalog.
    await eventually("reads are local", () => where(one));
    await one.query("CREATE TABLE second (id int PRIMARY KEY)");
    await one.query("INSERT INTO second VALUES (1)");
    expect((await one.query("SELECT * FROM second")).rows).toEqual([{ id: 1 }]);
    await eventually("reads are local again", () => where(one));
  });

  test("a write that the gateways pass to each other arrives as soon as they agree", async () => {
    const one = await client(east);
    await one.query("INSERT INTO first VALUES (2, 'two')");
    world.writer = west;
    world.epoch = (world.epoch + 1) as Epoch;
    world.tell();
    // The writer is back in the east, and only the gateway of the west has heard it.
    world.writer = east;
    world.epoch = (world.epoch + 1) as Epoch;
    world.behind.set(east, west);
    world.tell();
    const writing = one.query("INSERT INTO first VALUES (3, 'passed on')");
    const asSuperuser = { user: "leeward", password: superuserPassword.reveal() };
    const console = await client(west, { ...asSuperuser, database: consoleName });
    await eventually("it has come as far as it may", async () => {
      const { rows } = await console.query<{ trouble: string | null }>("SHOW POOLS");
      return rows.some(({ trouble }) => trouble?.includes("do not agree") === true);
    });
    world.behind.clear();
    world.tell();
    const agreedMs = clock.monotonicMs();
    await writing;
    // 15 s is how long a write waits for a writer that moves.
    expect(clock.monotonicMs() - agreedMs).toBeLessThan(5_000);
  });

  test("a wrong password is refused as PostgreSQL refuses it", async () => {
    await expect(client(east, { password: "wrong" })).rejects.toMatchObject({ code: "28P01" });
    await expect(client(east, { database: "nowhere" })).rejects.toMatchObject({ code: "3D000" });
  });

  test("a transaction with savepoints and an error goes to the writer as a whole", async () => {
    const one = await client(west);
    await one.query("CREATE TABLE third (id int PRIMARY KEY)");
    await one.query("BEGIN");
    await one.query("INSERT INTO third VALUES (1)");
    await one.query("SAVEPOINT s");
    await expect(one.query("INSERT INTO third VALUES (1)")).rejects.toMatchObject({
      code: "23505",
    });
    await one.query("ROLLBACK TO s");
    await one.query("INSERT INTO third VALUES (2)");
    await one.query("COMMIT");
    expect((await one.query("SELECT count(*)::int AS n FROM third")).rows).toEqual([{ n: 2 }]);
  });
});
