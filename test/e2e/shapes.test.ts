/** More than two Regions with one server each: three Regions, a second instance, a local database. */
import { describe, expect, test } from "vitest";
import { sharedWorld } from "./shared-world.ts";
import { until } from "./until.ts";
import { instanceIn } from "./world.ts";
import { east, globalDatabase, west } from "./yaml.ts";

const ireland = "eu-west-1";

const the = sharedWorld({
  regions: [east, west, ireland],
  databases: {
    orders: { ...globalDatabase, regions: { [east]: {}, [west]: { instances: 2 }, [ireland]: {} } },
    carts: { kind: "local", regions: { [east]: {}, [ireland]: {} } },
  },
});

describe("a world of three Regions", () => {
  test("brings every instance of every database to serve", async () => {
    const { databases, isReady } = await the().status();
    const states = Object.values(databases).flatMap(({ members }) =>
      Object.values(members).flatMap(({ instances }) => instances.map(({ state }) => state)),
    );
    expect(states).toEqual(Array.from({ length: 6 }, () => "serving"));
    expect(isReady).toBe(true);
  });

  test("carries a row to every secondary instance", async () => {
    const world = the();
    await world.sql("orders", east, "CREATE TABLE t (id int); INSERT INTO t VALUES (1)");
    for (const [region, number] of [
      [west, 1],
      [west, 2],
      [ireland, 1],
    ] as const) {
      const rows = await until(`the row is in ${region}/${number}`, 10_000, () =>
        world.sql("orders", region, "SELECT id FROM t", number),
      );
      expect(rows).toEqual([{ id: 1 }]);
    }
  });

  test("sends each byte over a link once: a Region's second instance streams from its first", async () => {
    const world = the();
    const names = "SELECT application_name FROM pg_stat_replication ORDER BY 1";
    const [atWriter, atFirst] = [
      await world.sql("orders", east, names),
      await world.sql("orders", west, names),
    ];
    expect(atWriter).toHaveLength(2);
    expect(atFirst).toHaveLength(1);
    expect(String(atFirst[0]?.["application_name"])).toMatch(/us_west_2.*2$/);
  });

  test("has an independent, writable PostgreSQL of a local database in each of its Regions", async () => {
    const world = the();
    const status = await world.status();
    const carts = status.databases["carts"];
    expect(carts).toMatchObject({ kind: "local", epoch: null, primary: null, writer: null });
    expect(Object.keys(carts?.members ?? {})).toEqual([east, ireland]);
    const ids = [east, ireland].map((region) => instanceIn(status, "carts", region).systemId);
    expect(new Set(ids).size).toBe(2);
    for (const region of [east, ireland]) {
      await world.sql(
        "carts",
        region,
        `CREATE TABLE here (name text); INSERT INTO here VALUES ('${region}')`,
      );
    }
    for (const region of [east, ireland]) {
      expect(await world.sql("carts", region, "SELECT name FROM here")).toEqual([{ name: region }]);
    }
  });

  test("asks for the Region where a local database is meant, and for one that has the database", async () => {
    const world = the();
    const without = await world.cli(["psql", "carts", "-c", "SELECT 1"]);
    expect(without.code).toBe(64);
    expect(without.stderr).toContain(`Say which with --region (${east}, ${ireland})`);
    const elsewhere = await world.cli(["psql", "carts", "--region", west, "-c", "SELECT 1"]);
    expect(elsewhere.code).toBe(64);
    expect(elsewhere.stderr).toContain(`carts has no instance in ${west}`);
  });

  test("goes on in two Regions while the third is lost", async () => {
    const world = the();
    await world.ok(["region", "kill", west]);
    await world.sql("orders", east, "INSERT INTO t VALUES (2)");
    const rows = await until("the row is in the other secondary", 10_000, async () => {
      const found = await world.sql("orders", ireland, "SELECT id FROM t ORDER BY id");
      return found.length === 2 && found;
    });
    expect(rows).toEqual([{ id: 1 }, { id: 2 }]);
    await world.ok(["region", "start", west]);
    expect((await world.untilReady()).regions[west]?.state).toBe("serving");
  });
});
