/** The writer dies in the middle of a COMMIT: whoever waits for its answer is told what became of it. */
import type pg from "pg";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { east, TwoRegions, west } from "../../test/gateway/two-regions.ts";
import {
  eventually,
  soon,
  sql,
  startPrimary,
  superuserPassword,
} from "../../test/postgres/scratch.ts";
import type { Epoch, RegionId } from "../model/region.ts";

const asSuperuser = { user: "leeward", password: superuserPassword };

describe.sequential("a commit whose answer is lost", () => {
  let world: TwoRegions;
  const open: pg.Client[] = [];

  beforeEach(async () => {
    world = await TwoRegions.open({ rttMs: 20, commitCertainty: true });
    await sql(world.place(east).instance, "CREATE TABLE written (name text, xid text)");
  }, 60_000);
  afterEach(async () => {
    for (const one of open.splice(0)) await one.end().catch(() => undefined);
    await world[Symbol.asyncDispose]();
  });

  const at = (region: RegionId, text: string): ReturnType<typeof sql> =>
    sql(world.place(region).instance, text, asSuperuser);

  /** In a transaction that has written; with its number. */
  const writing = async (region: RegionId, name: string): Promise<[pg.Client, string]> => {
    const client = await world.client(region);
    open.push(client);
    await client.query("BEGIN");
    await client.query("INSERT INTO written VALUES ($1)", [name]);
    const [row] = await at(
      east,
      "SELECT backend_xid::text AS xid FROM pg_stat_activity WHERE usename = 'app' AND backend_xid IS NOT NULL",
    );
    return [client, String(row?.["xid"])];
  };

  /** No commit is answered any more: all wait for a standby that there is not. */
  const withholdAnswers = async (): Promise<void> => {
    await at(east, "ALTER SYSTEM SET synchronous_standby_names = 'nobody'");
    await at(east, "SELECT pg_reload_conf()");
    await eventually("it counts", async () => {
      const [row] = await at(east, "SHOW synchronous_standby_names");
      return row?.["synchronous_standby_names"] === "nobody";
    });
  };

  const untilCommitting = async (count: number): Promise<void> =>
    eventually(`${count} commits wait`, async () => {
      const waiting = await at(east, "SELECT 1 FROM pg_stat_activity WHERE wait_event = 'SyncRep'");
      return waiting.length === count;
    });

  const untilWestHasAll = async (): Promise<void> => {
    const [end] = await at(east, "SELECT pg_current_wal_flush_lsn()::text AS lsn");
    await eventually("west has everything", async () => {
      const text = `SELECT pg_last_wal_replay_lsn() >= '${String(end?.["lsn"])}'::pg_lsn AS has`;
      const [row] = await at(west, text);
      return row?.["has"] === true;
    });
  };

  const cutReplication = async (): Promise<void> => {
    await at(west, "ALTER SYSTEM SET primary_conninfo = ''");
    await at(west, "SELECT pg_reload_conf()");
    await eventually("west receives nothing", async () => {
      return (await at(west, "SELECT 1 FROM pg_stat_wal_receiver")).length === 0;
    });
  };

  const promoteWest = async (): Promise<void> => {
    const { server } = world.place(west);
    await world.place(east).server.stop("immediate", soon());
    world.forks = [await server.promote(soon())];
    await server.openWrites({ epoch: 2, operation: "move" }, soon());
  };

  const tellOfWest = (): void => {
    world.down = east;
    world.writer = west;
    world.epoch = 2 as Epoch;
    world.tell();
  };

  test("case 60: was done where the new primary has it, and its session goes on", async () => {
    const [client] = await writing(west, "kept");
    const [prepared] = await writing(west, "kept, too");
    await client.query("SET application_name = 'after'");
    await withholdAnswers();
    const commit = { name: "commit", text: "COMMIT" };
    const answers = Promise.all([client.query("COMMIT"), prepared.query(commit)]);
    await untilCommitting(2);
    await untilWestHasAll();
    await promoteWest();
    tellOfWest();
    expect(await answers).toMatchObject([{ command: "COMMIT" }, { command: "COMMIT" }]);
    const { rows } = await client.query("SELECT name FROM written ORDER BY name");
    expect(rows).toEqual([{ name: "kept" }, { name: "kept, too" }]);
    const shown = await client.query<{ application_name: string }>("SHOW application_name");
    expect(shown.rows[0]?.application_name).toBe("after");
    await prepared.query("INSERT INTO written VALUES ('goes on')");
  });

  test("case 60: was rolled back where it was promoted without, also when its number was given to another", async () => {
    await cutReplication();
    const [client, xid] = await writing(west, "lost");
    await withholdAnswers();
    const answer = client.query("COMMIT").then(
      () => "committed",
      (error: unknown) => error,
    );
    await untilCommitting(1);
    await promoteWest();
    // As another client of the new primary would.
    await eventually("the number is another's", async () => {
      const text = "INSERT INTO written VALUES ('other', pg_current_xact_id()::text) RETURNING xid";
      const [row] = await at(west, text);
      return Number(row?.["xid"]) >= Number(xid);
    });
    expect(await at(west, `SELECT pg_xact_status('${xid}'::xid8) AS status`)).toEqual([
      { status: "committed" },
    ]);
    tellOfWest();
    expect(await answer).toMatchObject({
      code: "40001",
      detail: expect.stringContaining("was promoted without it") as unknown,
    });
    await client.query("INSERT INTO written VALUES ('again')");
    const { rows } = await client.query("SELECT name FROM written WHERE name IN ('lost', 'again')");
    expect(rows).toEqual([{ name: "again" }]);
  });

  test("case 60: is in doubt where its own primary comes back: the client can look there itself", async () => {
    const [here] = await writing(east, "in east");
    const [there] = await writing(west, "in west");
    await withholdAnswers();
    const answers = Promise.allSettled([here.query("COMMIT"), there.query("COMMIT")]);
    await untilCommitting(2);
    // For the next start.
    await at(east, "ALTER SYSTEM RESET synchronous_standby_names");
    const { server } = world.place(east);
    await server.stop("immediate", soon());
    await startPrimary(server);
    const inDoubt = { status: "rejected", reason: { code: "08007" } };
    expect(await answers).toMatchObject([inDoubt, inDoubt]);
    for (const client of [here, there]) await client.query("SELECT count(*) FROM written");
  });

  test("case 60: a transaction that follows another at once is not taken for that one", async () => {
    const [client] = await writing(west, "first");
    await client.query("COMMIT AND CHAIN");
    await untilWestHasAll();
    await cutReplication();
    await client.query("INSERT INTO written VALUES ('second')");
    await withholdAnswers();
    const answer = client.query("COMMIT").then(
      () => "committed",
      (error: unknown) => error,
    );
    await untilCommitting(1);
    await promoteWest();
    tellOfWest();
    expect(await answer).toMatchObject({ code: "40001" });
    const { rows } = await client.query("SELECT name FROM written");
    expect(rows).toEqual([{ name: "first" }]);
  });

  test("case 60: what cannot be asked ends the one transaction that it failed in, and is asked no more", async () => {
    const functions = "FUNCTION pg_current_wal_insert_lsn() FROM PUBLIC";
    await at(east, `REVOKE EXECUTE ON ${functions}`);
    const client = await world.client(west);
    open.push(client);
    await client.query("BEGIN");
    await client.query("INSERT INTO written VALUES ('unlucky')");
    await expect(client.query("SELECT 1")).rejects.toMatchObject({ code: "40001" });
    await client.query("ROLLBACK");
    await client.query("BEGIN");
    await client.query("INSERT INTO written VALUES ('lucky')");
    await client.query("COMMIT");
    const { rows } = await client.query("SELECT name FROM written");
    expect(rows).toEqual([{ name: "lucky" }]);
  });
});
