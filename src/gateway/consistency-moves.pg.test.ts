/** What sessions are told after their writer has moved: nothing where nothing was lost, and the truth once where it was. */
import type pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { east, TwoRegions, west } from "../../test/gateway/two-regions.ts";
import {
  clock,
  eventually,
  soon,
  sql,
  superuserPassword,
  upstreamAt,
} from "../../test/postgres/scratch.ts";
import type { Epoch, RegionId } from "../model/region.ts";

describe.sequential("the writer moves under the gateways", () => {
  let world: TwoRegions;
  const open: pg.Client[] = [];
  const client = async (region: RegionId, config: pg.ClientConfig = {}): Promise<pg.Client> => {
    const opened = await world.client(region, config);
    open.push(opened);
    return opened;
  };
  const at = (region: RegionId): TwoRegions["place"] extends (r: RegionId) => infer P ? P : never =>
    world.place(region);
  const asSuperuser = { user: "leeward", password: superuserPassword };
  const write = async (by: pg.Client, name: string): Promise<void> => {
    await by.query("INSERT INTO written VALUES ($1)", [name]);
  };
  /** What it sees of what was written, and whether a standby has answered. */
  const read = async (by: pg.Client): Promise<{ names: readonly string[]; isLocal: boolean }> => {
    const { rows } = await by.query<{ names: string[] | null; is_local: boolean }>(
      "SELECT array_agg(name ORDER BY name) AS names, pg_is_in_recovery() AS is_local FROM written",
    );
    return { names: rows[0]?.names ?? [], isLocal: rows[0]?.is_local === true };
  };
  const moveTo = (region: RegionId): void => {
    world.writer = region;
    world.epoch = (world.epoch + 1) as Epoch;
    world.hold = undefined;
    world.tell();
  };
  const become = async (region: RegionId): Promise<void> => {
    const { server } = at(region);
    world.forks = [...world.forks, await server.promote(soon())];
    const slot = region === east ? "leeward_b_1" : "leeward_a_1";
    await server.ensureSlots([slot], soon());
    await server.openWrites({ epoch: world.epoch + 1, operation: "move" }, soon());
  };

  beforeAll(async () => {
    world = await TwoRegions.open({ rttMs: 20 });
    await sql(at(east).instance, "CREATE TABLE written (name text)");
  }, 60_000);
  afterAll(async () => {
    for (const one of open) await one.end();
    await world[Symbol.asyncDispose]();
  });

  test("case 42: after a switchover no session hears of it, and each sees what it wrote", async () => {
    const [inEast, inWest] = [await client(east), await client(west)];
    await write(inWest, "by west");
    // The last one before the hold, so that no question about the position can have followed it by chance.
    await write(inEast, "by east");
    const nowMs = clock.monotonicMs();
    world.hold = { id: "h1", untilMs: nowMs + 20_000, drainUntilMs: nowMs + 2_000, pins: "refuse" };
    world.tell();
    await eventually("it is held", async () => Promise.resolve(world.outcomes.length === 1));
    expect(world.outcomes[0]).toMatchObject({ id: "h1", isHeld: true });
    await at(east).server.stop("fast", soon());
    const last = await at(east).server.token();
    await eventually("west has everything", async () => {
      return (await at(west).server.status(soon())).replayedLsn > last.lsn;
    });
    await become(west);
    world.down = east;
    moveTo(west);
    const names = ["by east", "by west"];
    expect(await read(inEast)).toEqual({ names, isLocal: false });
    expect(await read(inWest)).toEqual({ names, isLocal: false });
    await write(inEast, "by east, forwarded");

    const upstream = upstreamAt(at(west).instance, "leeward_a_1");
    await at(east).server.start({ kind: "secondary", upstream }, soon());
    await eventually("east streams", async () => {
      return (await at(east).server.status(soon())).isStreaming;
    });
    world.down = undefined;
    world.tell();
    await eventually("reads in east are local", async () => (await read(inEast)).isLocal);
    expect((await read(inEast)).names).toEqual(["by east", "by east, forwarded", "by west"]);
  });

  test("case 42: after a failover who wrote what is lost is told so once, and nobody else", async () => {
    const before = [await client(east), await client(west)] as const;
    const after = [await client(east), await client(west)] as const;
    for (const one of before) await write(one, "before");
    // It asks once after somebody was answered; who is answered later counts from the next time on.
    let answeredMs = clock.wallMs();
    await eventually("the writer's gateway has asked where its WAL ends", async () => {
      const rows = await sql(
        at(west).instance,
        `SELECT 1 FROM pg_stat_activity WHERE application_name = 'leeward-gateway'
            AND query LIKE '%wal_insert%' AND query_start > to_timestamp(${answeredMs / 1000})`,
        asSuperuser,
      );
      if (rows.length > 0) return true;
      if (clock.wallMs() - answeredMs > 1_000) {
        await read(before[1]);
        answeredMs = clock.wallMs();
      }
      return false;
    });
    const [end] = await sql(at(west).instance, "SELECT pg_current_wal_insert_lsn()::text AS lsn");
    await eventually("east has it", async () => {
      const [row] = await sql(
        at(east).instance,
        `SELECT pg_last_wal_replay_lsn() >= '${String(end?.["lsn"])}'::pg_lsn AS has`,
      );
      return row?.["has"] === true;
    });
    await sql(at(east).instance, "ALTER SYSTEM SET primary_conninfo = ''", asSuperuser);
    await sql(at(east).instance, "SELECT pg_reload_conf()", asSuperuser);
    await eventually("east receives nothing", async () => {
      const rows = await sql(at(east).instance, "SELECT 1 FROM pg_stat_wal_receiver", asSuperuser);
      return rows.length === 0;
    });
    for (const one of after) await write(one, "lost");
    await at(west).server.stop("immediate", soon());
    await become(east);
    world.down = west;
    moveTo(east);

    for (const one of before) expect((await read(one)).names).not.toContain("lost");
    for (const one of after) {
      await expect(write(one, "on top of it")).rejects.toMatchObject({ code: "40003" });
      expect((await read(one)).names).toEqual(
        expect.not.arrayContaining(["lost", "on top of it"]) as unknown,
      );
      await write(one, "again");
      expect((await read(one)).names).toContain("again");
    }
    const fresh = await client(west);
    expect((await read(fresh)).names.filter((name) => name === "again")).toHaveLength(2);
  });
});
