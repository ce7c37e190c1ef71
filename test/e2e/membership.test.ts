/** Regions leave a database, stand alone, come back, and what they had is kept until a person removes it. */
import { existsSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { ApiDatabase } from "../../src/api/api.ts";
import type { ApiSnapshot } from "../../src/api/operations-api.ts";
import { operate } from "./commands.ts";
import { ask, begin, snapshotsOf, untilEnded, untilSettled } from "./operations.ts";
import { sharedWorld } from "./shared-world.ts";
import { until } from "./until.ts";
import type { World } from "./world.ts";
import { east, globalDatabase, west } from "./yaml.ts";

const the = sharedWorld({ databases: { orders: { ...globalDatabase, rejoin: "manual" } } });
const database = "orders";
const alone = `orders-${west}`;
/** 60 s: a copy is made anew. */
const cloneMs = 60_000;

async function databaseNamed(world: World, name: string): Promise<ApiDatabase | undefined> {
  return (await world.status()).databases[name];
}

async function notes(world: World, region: string, name = database): Promise<readonly unknown[]> {
  const { address, port } = (await databaseNamed(world, name))?.members[region]?.instances[0] ?? {};
  if (address === undefined || port === undefined) throw new Error(`${name} is not in ${region}`);
  const client = world.clientOf(database, { host: address, port });
  await client.connect();
  try {
    const { rows } = await client.query<{ note: string }>("SELECT note FROM notes ORDER BY note");
    return rows.map(({ note }) => note);
  } finally {
    await client.end();
  }
}

async function evidenceOf(world: World, region: string): Promise<ApiSnapshot> {
  const found = (await snapshotsOf(world)).filter((one) => one.region === region);
  const [only] = found;
  if (!only || found.length > 1) throw new Error(`${region} keeps ${found.length}, not one`);
  return only;
}

describe.sequential("a Region of a global database", () => {
  test("that is detached stands alone and writes, and the rest goes on without it", async () => {
    const world = the();
    await untilSettled(world, database, 30_000);
    await world.sql(database, east, "CREATE TABLE notes (note text)");
    await world.sql(database, east, "INSERT INTO notes VALUES ('shared')");
    await until("it has arrived", 10_000, async () => (await notes(world, west)).length === 1);
    expect(await operate(world, "detach", database, west)).toMatchObject({ outcome: "completed" });
    const status = await world.untilStatus("both have a writer", 20_000, ({ databases }) =>
      [database, alone].every((name) => databases[name]?.writer?.state === "serving"),
    );
    expect(Object.keys(status.databases[database]?.members ?? {})).toEqual([east]);
    expect(status.databases[alone]).toMatchObject({ primary: west, detachedFrom: database });
    const { address: host = "", port = 0 } = status.databases[alone]?.writer ?? {};
    const client = world.clientOf(database, { host, port });
    await client.connect();
    await client.query("INSERT INTO notes VALUES ('alone')");
    await client.end();
    await world.sql(database, east, "INSERT INTO notes VALUES ('the rest')");
    expect(await notes(world, east)).toEqual(["shared", "the rest"]);
    expect(await notes(world, west, alone)).toEqual(["alone", "shared"]);
  });

  test("that stands alone is no target, and not detached twice", async () => {
    const world = the();
    for (const command of [
      ["switchover", database, "--to", west],
      ["detach", database, west],
      ["add", database, west],
    ]) {
      const { code, stderr } = await world.cli([...command, "--json"]);
      expect({ command, code }).toEqual({ command, code: 64 });
      expect(JSON.parse(stderr)).toMatchObject({ code: "operation.target-invalid" });
    }
  });

  test("that rejoins is a copy again, and what it had alone is kept, read-only", async () => {
    const world = the();
    expect(await operate(world, "rejoin", database, west)).toMatchObject({ outcome: "completed" });
    await untilSettled(world, database, cloneMs);
    expect(await notes(world, west)).toEqual(["shared", "the rest"]);
    expect(await databaseNamed(world, alone)).toBeUndefined();
    const { name, path, bytes } = await evidenceOf(world, west);
    expect(name).toMatch(/^unplanned-global-failover-orders-us-west-2-\d{8}T\d{6}Z$/);
    expect(bytes).toBeGreaterThan(1024 * 1024);
    expect(statSync(join(path, "data")).mode & 0o222).toBe(0);
  });

  test("keeps its evidence until a person removes it", async () => {
    const world = the();
    const { name, path } = await evidenceOf(world, west);
    const list = await world.json<{ snapshots: readonly ApiSnapshot[] }>(["snapshots", "list"]);
    expect(list.snapshots.map((one) => one.name)).toEqual([name]);
    const unsure = await world.cli(["snapshots", "remove", name]);
    expect(unsure.code).toBe(64);
    expect(existsSync(path)).toBe(true);
    await world.ok(["snapshots", "remove", name, "--yes"]);
    expect(existsSync(path)).toBe(false);
    expect(await snapshotsOf(world)).toEqual([]);
    const again = await world.cli(["snapshots", "remove", name, "--yes", "--json"]);
    expect(again.code).toBe(64);
    expect(JSON.parse(again.stderr)).toMatchObject({ code: "evidence.unknown" });
  });

  test("that is removed has no data any more, and one that is added is cloned", async () => {
    const world = the();
    // A number of an inode would come again.
    const mark = `${world.instanceDirectory(west, "orders-1")}/data/mark-of-the-test`;
    writeFileSync(mark, "");
    expect(await operate(world, "remove", database, west)).toMatchObject({ outcome: "completed" });
    await until("its data are gone", 10_000, () => {
      return !existsSync(`${world.instanceDirectory(west, "orders-1")}/data/PG_VERSION`);
    });
    expect(await snapshotsOf(world)).toEqual([]);
    await world.sql(database, east, "INSERT INTO notes VALUES ('while it was away')");
    expect(await operate(world, "add", database, west)).toMatchObject({ outcome: "completed" });
    await untilSettled(world, database, cloneMs);
    expect(existsSync(mark)).toBe(false);
    await until("it has all rows", 10_000, async () => (await notes(world, west)).length === 3);
  });

  test("whose history the others left waits for a person where rejoin is manual", async () => {
    const world = the();
    await ask(world, "POST", `/v1/regions/${east}/isolate`);
    const wish = { kind: "failover", to: west, allowDataLoss: true } as const;
    const { id } = await begin(world, database, wish);
    expect(await untilEnded(world, id, 30_000)).toMatchObject({ outcome: "completed" });
    await ask(world, "POST", `/v1/regions/${east}/heal`);
    await world.untilStatus("it is diverged", 30_000, ({ databases }) => {
      return databases[database]?.members[east]?.state === "diverged";
    });
    expect(await snapshotsOf(world)).toEqual([]);
    expect(await operate(world, "rejoin", database, east)).toMatchObject({ outcome: "completed" });
    await untilSettled(world, database, cloneMs);
    expect((await evidenceOf(world, east)).name).toContain("orders-us-east-1");
  });
});
