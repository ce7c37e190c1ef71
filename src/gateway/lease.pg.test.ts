import type pg from "pg";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { east, TwoRegions, west } from "../../test/gateway/two-regions.ts";

let world: TwoRegions;
const open: pg.Client[] = [];
const client = async (...of: Parameters<TwoRegions["client"]>): Promise<pg.Client> => {
  const one = await world.client(...of);
  open.push(one);
  return one;
};

describe.sequential("a writer's lease, and who may not write", () => {
  beforeAll(async () => {
    world = await TwoRegions.open({ rttMs: 10, limits: { holdMs: 1_000 } });
    await (await client(east)).query("CREATE TABLE written (name text)");
  }, 60_000);
  afterAll(async () => {
    await world[Symbol.asyncDispose]();
  });
  afterEach(async () => {
    for (const one of open.splice(0)) await one.end();
  });

  const lease = (ms: number): void => {
    world.leaseMs = ms;
    world.tell();
  };

  test("I2: what the writer answers after its lease's deadline reaches no client, from either Region", async () => {
    const [here, there] = [await client(east), await client(west)];
    await here.query("SELECT 1");
    await there.query("INSERT INTO written VALUES ('before')");
    lease(500);
    const insert = "INSERT INTO written SELECT 'late' FROM pg_sleep(1)";
    const answers = await Promise.allSettled([here.query(insert), there.query(insert)]);
    expect(answers).toMatchObject([
      { status: "rejected", reason: { code: "08007" } },
      { status: "rejected", reason: { code: "08007" } },
    ]);
  });

  test("I2: without a lease nothing is sent to the writer, and with the next one all goes on", async () => {
    lease(0);
    const one = await client(east);
    await expect(one.query("INSERT INTO written VALUES ('unleased')")).rejects.toMatchObject({
      code: "57P03",
      detail: expect.stringContaining("no lease") as unknown,
    });
    const waiting = one.query("INSERT INTO written VALUES ('after')");
    lease(3_600_000);
    await waiting;
    const { rows } = await one.query(
      "SELECT name FROM written WHERE name IN ('unleased', 'after')",
    );
    expect(rows).toEqual([{ name: "after" }]);
  });

  test("a name of mode local writes in no Region", async () => {
    for (const region of [east, west]) {
      const one = await client(region, { database: "orders-ro" });
      const insert = one.query("INSERT INTO written VALUES ('by orders-ro')");
      await expect(insert).rejects.toMatchObject({ code: "25006" });
      await one.query("BEGIN");
      await expect(one.query("DELETE FROM written")).rejects.toMatchObject({ code: "25006" });
      await one.query("ROLLBACK");
    }
  });
});
