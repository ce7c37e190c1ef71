/** Several worlds on one machine, and addresses that somebody else holds. */
import { createServer } from "node:net";
import { describe, expect, test } from "vitest";
import { showLogsOnFailure } from "./shared-world.ts";
import { until } from "./until.ts";
import { listen } from "./world-number.ts";
import { startWorld, World } from "./world.ts";
import { east, west } from "./yaml.ts";

test("two worlds at once do not know of each other", async () => {
  await using one = await startWorld();
  await using other = await startWorld();
  showLogsOnFailure(() => other);
  await one.sql("orders", east, "CREATE TABLE only_here (id int)");
  const tables = "SELECT relname FROM pg_class WHERE relname = 'only_here'";
  expect(await other.sql("orders", east, tables)).toEqual([]);
  await one.ok(["region", "kill", east]);
  expect((await other.status()).isReady).toBe(true);
  await one.ok(["down"]);
  expect(other.processes().length).toBeGreaterThan(10);
  expect((await other.status()).isReady).toBe(true);
});

/** Where up is to find an address taken, and how it is then to end. */
async function expectTaken(world: World, address: string): Promise<void> {
  for (const detach of [[], ["--detach"]]) {
    const refused = await world.cli(["up", ...detach]);
    expect(refused.code).toBe(69);
    expect(refused.stderr).toContain(address);
    expect(refused.stderr).toContain(`is held by node (process ${process.pid})`);
    expect(world.processes()).toEqual([]);
  }
}

describe("an address that is taken", () => {
  test("is named with its holder, and nothing is left running", async () => {
    await using world = await World.prepare();
    const holder = await listen(world.number, 5432, 1, 11);
    expect(holder).toBeDefined();
    try {
      await expectTaken(world, `127.${world.number}.1.11:5432 (PostgreSQL orders/us-east-1/1)`);
    } finally {
      holder?.close();
    }
  });

  test("is named on a machine where all worlds share one, and a free one serves", async () => {
    await using world = await World.prepare();
    showLogsOnFailure(() => world);
    // Below the ports of outgoing connections, and another block for each world of a test.
    const ports = 22_000 + world.number * 50;
    world.writeConfig({ addresses: "shared", ports });
    const holder = createServer();
    await new Promise<void>((resolve) => holder.listen(ports, "127.0.0.1", resolve));
    try {
      await expectTaken(world, `127.0.0.1:${ports} (API)`);
    } finally {
      holder.close();
    }
    await world.up();
    await world.sql("orders", east, "CREATE TABLE t (id int); INSERT INTO t VALUES (1)");
    const rows = await until("the row has arrived", 10_000, async () => {
      const found = await world.sql("orders", west, "SELECT id FROM t");
      return found.length > 0 && found;
    });
    expect(rows).toEqual([{ id: 1 }]);
    await world.untilReady();
  });
});
