/** A state directory that is not what it should be: a clear refusal, and nothing is changed. */
import { createHash } from "node:crypto";
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { sharedWorld } from "./shared-world.ts";
import { instanceIn, World } from "./world.ts";
import { east, globalDatabase, west } from "./yaml.ts";

const shape = { databases: { orders: globalDatabase, catalog: globalDatabase } };
const the = sharedWorld(shape);

/** Runs `work` with the file changed, and puts it back. */
async function withFile(
  path: string,
  change: (text: string) => string,
  work: () => Promise<void>,
): Promise<void> {
  const text = readFileSync(path, "utf8");
  writeFileSync(path, change(text));
  try {
    await work();
  } finally {
    writeFileSync(path, text);
  }
}

async function expectRefusal(
  world: World,
  code: number,
  failure: string,
  says: string,
): Promise<void> {
  const refused = await world.cli(["up", "--detach", "--json"]);
  expect(refused).toMatchObject({ code, stdout: "" });
  const said = JSON.parse(refused.stderr) as { code: string; message: string };
  expect(said.code).toBe(failure);
  expect(said.message).toContain(says);
  expect(world.processes()).toEqual([]);
}

function fingerprint(world: World, region: string, instance: string): string {
  const path = join(world.instanceDirectory(region, instance), "data", "global", "pg_control");
  return createHash("sha256").update(readFileSync(path)).digest("hex");
}

function swap(world: World): void {
  const [one = "", other = ""] = ["orders-1", "catalog-1"].map((name) =>
    join(world.instanceDirectory(west, name), "data"),
  );
  renameSync(one, `${one}.aside`);
  renameSync(other, one);
  renameSync(`${one}.aside`, other);
}

describe.sequential("a state directory", () => {
  test("with the data of another database system is refused, and nothing in it is overwritten", async () => {
    const world = the();
    await world.ok(["region", "stop", west]);
    swap(world);
    const before = ["orders-1", "catalog-1"].map((name) => fingerprint(world, west, name));
    const started = await world.cli(["region", "start", west, "--json"]);
    expect(started.code).toBe(69);
    expect(started.stderr).toContain("belongs to database system");
    const status = await world.status();
    for (const database of ["orders", "catalog"]) {
      expect(instanceIn(status, database, west).state).toBe("failed");
      expect(instanceIn(status, database, west).because).toContain("belongs to database system");
      expect(instanceIn(status, database, east).state).toBe("serving");
    }
    expect(["orders-1", "catalog-1"].map((name) => fingerprint(world, west, name))).toEqual(before);
    await world.ok(["region", "stop", west]);
    swap(world);
    await world.ok(["region", "start", west]);
    expect((await world.untilReady()).isReady).toBe(true);
  });

  test("with the data of another major version is refused, and serves again with its own", async () => {
    const world = the();
    await world.ok(["region", "stop", west]);
    const version = join(world.instanceDirectory(west, "orders-1"), "data", "PG_VERSION");
    await withFile(
      version,
      () => "14\n",
      async () => {
        const started = await world.cli(["region", "start", west]);
        expect(started.code).toBe(69);
        expect(started.stderr).toMatch(/orders\/us-west-2\/1: .*14/);
        const status = await world.untilStatus(
          "the other database serves",
          10_000,
          (seen) => instanceIn(seen, "catalog", west).state === "serving",
        );
        expect(instanceIn(status, "orders", west).state).toBe("failed");
      },
    );
    expect((await world.untilReady()).isReady).toBe(true);
  });

  test("that loses a secondary's data gets it from the writer again", async () => {
    const world = the();
    await world.sql("orders", east, "CREATE TABLE again (id int); INSERT INTO again VALUES (1)");
    await world.ok(["region", "kill", west]);
    renameSync(world.instanceDirectory(west, "orders-1"), join(world.directory, "lost"));
    await world.ok(["region", "start", west]);
    await world.untilReady();
    expect(await world.sql("orders", west, "SELECT id FROM again")).toEqual([{ id: 1 }]);
  });

  test("that loses the writer's data never gets an empty writer in its place", async () => {
    const world = the();
    await world.ok(["region", "stop", east]);
    const lost = join(world.directory, "lost writer");
    renameSync(world.instanceDirectory(east, "orders-1"), lost);
    const started = await world.cli(["region", "start", east]);
    expect(started.code).toBe(69);
    expect(started.stderr).toContain("the writer's data directory is gone");
    await world.ok(["region", "stop", east]);
    renameSync(lost, world.instanceDirectory(east, "orders-1"));
    await world.ok(["region", "start", east]);
    expect(await world.sql("orders", east, "SELECT id FROM again")).toEqual([{ id: 1 }]);
  });

  test("of another world, of a newer version or with damaged secrets starts nothing", async () => {
    const world = the();
    await world.ok(["down"]);
    world.writeConfig({ ...shape, name: "renamed" });
    await expectRefusal(world, 78, "state.other-world", "its name is test-world, not renamed");
    world.writeConfig({ ...shape, regions: [east], databases: { orders: globalDatabase } });
    await expectRefusal(world, 78, "state.other-world", west);
    world.writeConfig(shape);
    const record = join(world.stateDirectory, "world.json");
    await withFile(
      record,
      (text) => text.replace('"version": 1', '"version": 99'),
      () => expectRefusal(world, 78, "state.newer-version", "version 99"),
    );
    const secrets = join(world.stateDirectory, "secrets", "world.json");
    await withFile(
      secrets,
      (text) => text.slice(0, -20),
      () => expectRefusal(world, 65, "state.damaged", secrets),
    );
    await world.up();
    expect(await world.sql("orders", west, "SELECT id FROM again")).toEqual([{ id: 1 }]);
  });
});

test("a state directory that cannot be made is named", async () => {
  await using world = await World.prepare();
  // A file in its place: that is refused for every user, root too.
  const occupied = join(world.directory, "occupied");
  writeFileSync(occupied, "");
  const refused = await world.cli(["up", "--detach", "--state", occupied, "--json"]);
  expect(refused.code).toBe(73);
  expect(JSON.parse(refused.stderr)).toMatchObject({ code: "state.not-writable" });
});
