/** LISTEN and NOTIFY through gateways of two Regions: as PostgreSQL has them, without a server for each listener. */
import pg from "pg";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { appPassword, eventually, soon } from "../../test/postgres/scratch.ts";
import { east, TwoRegions, west } from "../../test/gateway/two-regions.ts";
import type { RegionId } from "../model/region.ts";

type Ears = { readonly client: pg.Client; readonly heard: string[] };

describe.sequential("notifications", () => {
  let world: TwoRegions;
  const open: pg.Client[] = [];
  const listener = async (region: RegionId): Promise<Ears> => {
    const client = await world.client(region);
    open.push(client);
    const heard: string[] = [];
    client.on("notification", ({ channel, payload }) => heard.push(`${channel} ${payload}`));
    return { client, heard };
  };
  /** By a session that has nothing to do with the gateways. */
  const notify = async (...sql: string[]): Promise<void> => {
    const client = new pg.Client({
      ...world.place(east).instance,
      user: "app",
      password: appPassword.reveal(),
      database: "orders",
    });
    await client.connect();
    for (const one of sql) await client.query(one);
    await client.end();
  };
  const hears = async ({ heard }: Ears, ...expected: string[]): Promise<void> => {
    await eventually(`it hears ${expected.join(", ")}, not ${heard.join(", ")}`, async () =>
      Promise.resolve(heard.length >= expected.length),
    );
    expect(heard.splice(0)).toEqual(expected);
  };

  beforeAll(async () => {
    world = await TwoRegions.open({ rttMs: 60, limits: { poolSize: 1 } });
  }, 60_000);
  afterAll(async () => {
    await world[Symbol.asyncDispose]();
  });
  afterEach(async () => {
    for (const one of open.splice(0)) await one.end();
  });

  for (const region of [east, west]) {
    test(`LISTEN holds at COMMIT and is gone at ROLLBACK, in ${region}`, async () => {
      const one = await listener(region);
      await one.client.query("LISTEN always");
      await one.client.query("BEGIN");
      await one.client.query("LISTEN kept");
      await notify("NOTIFY kept, 'too early'", "NOTIFY always, 'waits'");
      await one.client.query("SAVEPOINT s");
      await one.client.query("LISTEN dropped");
      await one.client.query("ROLLBACK TO s");
      await one.client.query("SELECT 1");
      expect(one.heard).toEqual([]);
      await one.client.query("COMMIT");
      await notify("NOTIFY dropped, 'never'", "NOTIFY kept, 'now'");
      await hears(one, "always waits", "kept now");
      await one.client.query("BEGIN");
      await one.client.query("LISTEN undone");
      await one.client.query("UNLISTEN kept");
      await one.client.query("ROLLBACK");
      await notify("NOTIFY undone, 'never'", "NOTIFY kept, 'still'");
      await hears(one, "kept still");
      await one.client.query("BEGIN");
      await expect(one.client.query("SELECT 1/0")).rejects.toMatchObject({ code: "22012" });
      await expect(one.client.query("LISTEN failed")).rejects.toMatchObject({ code: "25P02" });
      await one.client.query("COMMIT");
      await notify("NOTIFY failed, 'never'", "NOTIFY always, 'last'");
      await hears(one, "always last");
    });

    test(`a session hears itself, and others only what they committed, in ${region}`, async () => {
      const [one, two] = [await listener(region), await listener(region)];
      await one.client.query("LISTEN talk");
      await one.client.query("NOTIFY talk, 'to myself'");
      await hears(one, "talk to myself");
      await two.client.query("BEGIN");
      await two.client.query("NOTIFY talk, 'undone'");
      await two.client.query("ROLLBACK");
      await two.client.query("SELECT pg_notify('talk', $1)", ["done"]);
      await hears(one, "talk done");
      expect(two.heard).toEqual([]);
    });

    test(`UNLISTEN of one channel, and of all, in ${region}`, async () => {
      const one = await listener(region);
      for (const channel of ["a", "b", "c", '"With Capitals"']) {
        await one.client.query(`LISTEN ${channel}`);
      }
      await notify(`NOTIFY "With Capitals", 'x'`);
      await hears(one, "With Capitals x");
      await one.client.query("UNLISTEN a");
      await notify("NOTIFY a, 'never'", "NOTIFY b, 'x'");
      await hears(one, "b x");
      await one.client.query("UNLISTEN *");
      await one.client.query("LISTEN c");
      await notify("NOTIFY b, 'never'", "NOTIFY c, 'x'");
      await hears(one, "c x");
      await one.client.query("DISCARD ALL");
      await one.client.query("LISTEN a");
      await notify("NOTIFY c, 'never'", "NOTIFY a, 'x'");
      await hears(one, "a x");
      expect(one.heard).toEqual([]);
    });

    test(`a notification never breaks into a large answer, in ${region}`, async () => {
      const one = await listener(region);
      await one.client.query("LISTEN busy");
      const answer = one.client.query<{ v: string }>(
        "SELECT repeat('x', 3000000) AS v FROM generate_series(1, 5)",
      );
      await notify(...Array.from({ length: 20 }, (_, at) => `NOTIFY busy, '${at}'`));
      expect((await answer).rows.map(({ v }) => v.length)).toEqual(Array(5).fill(3_000_000));
      await hears(one, ...Array.from({ length: 20 }, (_, at) => `busy ${at}`));
    });
  }

  test("case 29: LISTEN is there again after the writer's restart, in both Regions", async () => {
    const [one, two] = [await listener(east), await listener(west)];
    await one.client.query("LISTEN again");
    await two.client.query("LISTEN again");
    await notify("NOTIFY again, 'before'");
    await hears(one, "again before");
    await hears(two, "again before");
    const { server } = world.place(east);
    await server.stop("fast", soon());
    await server.start({ kind: "primary" }, soon());
    await server.openWrites({ epoch: 1, operation: "test" }, soon());
    let round = 0;
    await eventually("both hear again", async () => {
      round += 1;
      await notify(`NOTIFY again, '${round}'`);
      return one.heard.length > 0 && two.heard.length > 0;
    });
    await one.client.query("NOTIFY again, 'last'");
    await eventually("both hear the last", async () =>
      Promise.resolve([one, two].every(({ heard }) => heard.at(-1) === "again last")),
    );
    expect(new Set(two.heard).size).toBe(two.heard.length);
  });
});
