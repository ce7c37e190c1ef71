/** A clone that is interrupted half-way: nothing half-made is taken for a server, and it finishes later. */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Child } from "./child.ts";
import { showLogsOnFailure } from "./shared-world.ts";
import { until } from "./until.ts";
import { instanceIn, World } from "./world.ts";
import { east, west } from "./yaml.ts";

/** Slow enough that a clone takes seconds: some 30 MB at 3 MB/s. */
const links = { default: { rttMs: 10 }, [`${east}/${west}`]: { rttMs: 10, bandwidth: "24mbit" } };

/** Until its clone is half-way; `up` goes on waiting for it. */
async function startCloning(world: World): Promise<Child> {
  const up = world.start(["up", "--detach", "--json"]);
  await up.prints(/"state":"cloning".*"receivedBytes":[1-9]/, 30_000);
  return up;
}

async function expectServing(world: World): Promise<void> {
  await world.ok(["link", "set", east, west, "--up", "--bandwidth", "unlimited"]);
  expect(instanceIn(await world.untilReady(60_000), "orders", west).state).toBe("serving");
}

test("a clone whose link is cut leaves nothing half-made, and finishes when it is mended", async () => {
  await using world = await World.prepare({ links });
  showLogsOnFailure(() => world);
  await using up = await startCloning(world);
  await world.ok(["link", "set", east, west, "--down", "--reset"]);
  const failed = await world.untilStatus(
    "the clone has failed",
    60_000,
    (status) => instanceIn(status, "orders", west).state === "failed",
  );
  expect(instanceIn(failed, "orders", west).because).toContain("clone");
  // It is tried again by itself, and what a try begins with is gone with it.
  await until("between two tries nothing is left", 10_000, () =>
    readdirSync(world.instanceDirectory(west, "orders-1")).every(
      (name) => !name.startsWith("data"),
    ),
  );
  await expectServing(world);
  await up.ended(60_000);
});

test("a clone whose agent, and then whose supervisor, is killed begins again", async () => {
  await using world = await World.prepare({ links });
  showLogsOnFailure(() => world);
  const data = join(world.instanceDirectory(west, "orders-1"), "data");
  await using up = await startCloning(world);
  const agent = world.program(`agent-${west}`);
  process.kill(agent, "SIGKILL");
  await until("another agent runs", 10_000, () => world.program(`agent-${west}`) !== agent);
  await world.untilStatus(
    "it clones again",
    30_000,
    (status) => (instanceIn(status, "orders", west).progress?.receivedBytes ?? 0) > 0,
  );
  expect(existsSync(data)).toBe(false);
  process.kill(world.program("supervisor"), "SIGKILL");
  await until("no process of the world is left", 5_000, () =>
    world.processes().every(({ pid }) => pid === up.pid),
  );
  expect(await up.ended(15_000)).toMatchObject({ code: 69 });
  expect(existsSync(data)).toBe(false);
  await using again = world.start(["up", "--detach"]);
  await again.prints(/orders\/us-west-2\/1: cloning/, 30_000);
  await expectServing(world);
  expect(await again.ended(60_000)).toMatchObject({ code: 0 });
});

test("a secondary that was away until its WAL was given up is built anew by itself", async () => {
  await using world = await World.prepare({ postgres: { maxSlotWalKeepMb: 64 } });
  showLogsOnFailure(() => world);
  await world.up();
  await world.sql("orders", east, "CREATE TABLE ballast (i int, x text)");
  await world.ok(["region", "kill", west]);
  await until("the slot has lost its WAL", 60_000, async () => {
    const fill = "SELECT g, repeat(md5(g::text), 20) FROM generate_series(1, 60000) g";
    await world.sql("orders", east, `INSERT INTO ballast ${fill}`);
    await world.sql("orders", east, "CHECKPOINT");
    const [slot] = await world.sql("orders", east, "SELECT wal_status FROM pg_replication_slots");
    return slot?.["wal_status"] === "lost";
  });
  await world.ok(["region", "start", west]);
  await world.untilReady(60_000);
  const count = "SELECT count(*)::int AS rows FROM ballast";
  const [written] = await world.sql("orders", east, count);
  await expect
    .poll(async () => (await world.sql("orders", west, count))[0], { timeout: 30_000 })
    .toEqual(written);
});
