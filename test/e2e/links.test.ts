/** What a link does to replication, what isolation does to a Region, and that nothing goes around a link. */
import { describe, expect, test } from "vitest";
import type { ApiMember, ApiStatus } from "../../src/api/api.ts";
import { bypasses, connectionsOf, type Place } from "./connections.ts";
import { sharedWorld } from "./shared-world.ts";
import { until } from "./until.ts";
import { instanceIn, type World } from "./world.ts";
import { east, west } from "./yaml.ts";

const the = sharedWorld();

function secondary(status: ApiStatus): ApiMember {
  const member = status.databases["orders"]?.members[west];
  if (!member) throw new Error("The status has no secondary");
  return member;
}

/** Some 200 bytes of WAL for each row; random, so that nothing compresses them. */
async function writeRows(world: World, rows: number): Promise<void> {
  await world.sql(
    "orders",
    east,
    `CREATE TABLE IF NOT EXISTS bulk (id int, filler text);
     INSERT INTO bulk SELECT i, md5(random()::text) || md5(random()::text) FROM generate_series(1, ${rows}) AS i`,
  );
}

async function untilCaughtUp(world: World): Promise<ApiStatus> {
  return await world.untilStatus("the secondary has no lag", 60_000, (status) => {
    const { lagBytes, lagMs, rpoLagMs } = secondary(status);
    return status.isReady && lagBytes === 0 && lagMs === 0 && rpoLagMs === 0;
  });
}

function set(world: World, ...change: readonly string[]): Promise<{ state: string }> {
  return world.json(["link", "set", east, west, ...change]);
}

describe.sequential("a link", () => {
  test("that is slowed down lets the lag grow, and lets it fall to nothing when it is mended", async () => {
    const world = the();
    await untilCaughtUp(world);
    expect(await set(world, "--rtt", "400", "--bandwidth", "1mbit")).toMatchObject({
      rttMs: 400,
      state: "up",
    });
    await writeRows(world, 10_000);
    await world.untilStatus("the lag grows in bytes and ms", 15_000, (status) => {
      const { lagBytes, lagMs } = secondary(status);
      return (lagBytes ?? 0) > 100_000 && (lagMs ?? 0) > 1_000;
    });
    await set(world, "--rtt", "10", "--bandwidth", "unlimited");
    expect(secondary(await untilCaughtUp(world))).toMatchObject({ lagBytes: 0, lagMs: 0 });
  });

  test("that is down swallows everything, and replication catches up when it is up again", async () => {
    const world = the();
    expect(await set(world, "--down")).toMatchObject({ state: "down", isIsolated: false });
    await writeRows(world, 100);
    await world.untilStatus(
      "the RPO lag grows",
      15_000,
      (status) => (secondary(status).rpoLagMs ?? 0) > 1_000,
    );
    expect(await set(world, "--up")).toMatchObject({ state: "up" });
    expect(secondary(await untilCaughtUp(world)).state).toBe("serving");
  });

  test("that is down one way carries nothing that needs an answer", async () => {
    const world = the();
    const link = await world.json<{ state: string; directions: { from: string; isUp: boolean }[] }>(
      ["link", "set", west, east, "--down", "--one-way"],
    );
    expect(link.state).toBe("one-way");
    expect(link.directions.filter(({ isUp }) => !isUp).map(({ from }) => from)).toEqual([west]);
    await writeRows(world, 100);
    // The rows arrive, but nobody hears that they did.
    await world.untilStatus(
      "the writer sees the lag grow",
      15_000,
      (status) => (secondary(status).rpoLagMs ?? 0) > 1_000,
    );
    await set(world, "--up");
    expect(secondary(await untilCaughtUp(world)).lagBytes).toBe(0);
  });

  test("that is reset breaks the connections that cross it, and new ones replace them", async () => {
    const world = the();
    const sender = "SELECT pid, backend_start::text FROM pg_stat_replication";
    const before = await world.sql("orders", east, sender);
    expect(before).toHaveLength(1);
    await set(world, "--reset");
    const after = await until("another WAL sender streams", 20_000, async () => {
      const found = await world.sql("orders", east, sender);
      return found.length === 1 && found[0]?.["pid"] !== before[0]?.["pid"] && found;
    });
    expect(after).toHaveLength(1);
    await untilCaughtUp(world);
  });

  test("keeps what was set when the controller and the network program start anew", async () => {
    const world = the();
    await set(world, "--rtt", "44");
    for (const program of ["controller", "network"]) {
      const pid = world.program(program);
      process.kill(pid, "SIGKILL");
      await until(`another ${program} runs`, 10_000, () => world.program(program) !== pid);
    }
    await world.untilReady();
    const { links } = await world.status();
    expect(
      links.find(({ between }) => between.includes(east) && between.includes(west))?.rttMs,
    ).toBe(44);
  });
});

describe.sequential("a Region", () => {
  test("that is isolated answers reads, does not hold up the writer, and catches up when it is healed", async () => {
    const world = the();
    await world.ok(["region", "isolate", west]);
    await writeRows(world, 100);
    const isolated = await world.untilStatus(
      "the RPO lag grows",
      15_000,
      (status) => (secondary(status).rpoLagMs ?? 0) > 1_000,
    );
    expect(isolated.regions[west]).toMatchObject({ state: "isolated", isIsolated: true });
    expect(isolated.regions[east]?.state).toBe("serving");
    expect(isolated.links.filter(({ isIsolated }) => isIsolated)).toHaveLength(2);
    const [row] = await world.sql("orders", west, "SELECT count(*)::int AS n FROM bulk");
    expect(row?.["n"]).toBeGreaterThan(0);
    await world.ok(["region", "heal", west]);
    expect((await untilCaughtUp(world)).regions[west]?.state).toBe("serving");
  });

  test("that is lost takes with it what a link that is down held of it", async () => {
    const world = the();
    await untilCaughtUp(world);
    const rows = "SELECT count(*)::int AS n FROM bulk";
    const before = await world.sql("orders", west, rows);
    await set(world, "--down");
    await writeRows(world, 100);
    await world.ok(["region", "kill", east]);
    await set(world, "--up");
    // Whatever was held would be there long before the receiver has found out that nobody sends any more.
    await world.untilStatus("the stream has ended", 30_000, (status) => {
      return instanceIn(status, "orders", west).state === "catching-up";
    });
    expect(await world.sql("orders", west, rows)).toEqual(before);
    await world.ok(["region", "start", east]);
    await untilCaughtUp(world);
    expect(await world.sql("orders", west, rows)).not.toEqual(before);
  });

  test("reaches others through its links alone", async () => {
    const world = the();
    await world.sql("orders", east, "CREATE EXTENSION IF NOT EXISTS dblink");
    await untilCaughtUp(world);
    const places = (): readonly Place[] => [
      ...[east, west].map((name, index) => ({
        name,
        network: `127.${world.number}.${index + 1}`,
        processes: world.processesIn(name),
      })),
      ...["network", "controller", "supervisor"].map((name) => ({
        name,
        network: undefined,
        processes: world.processes().filter(({ pid }) => pid === world.program(name)),
      })),
    ];
    for (const place of places().slice(0, 3)) expect(connectionsOf(place)).toBeGreaterThan(2);
    expect(bypasses(places())).toEqual([]);
    // The check can fail: a backend of one Region that speaks to the other's PostgreSQL directly is found.
    const { address, port } = instanceIn(await world.status(), "orders", east);
    const client = await world.connect("orders", west);
    try {
      const login = `host=${address} port=${port} user=leeward dbname=orders password=${String(client.password)}`;
      await client.query("SELECT dblink_connect('around', $1)", [login]);
      const found = bypasses(places());
      expect(found.some((line) => line.startsWith(`${west}: `) && line.endsWith(`(${east})`))).toBe(
        true,
      );
    } finally {
      await client.end();
    }
    await until("the planted connection is gone", 5_000, () => bypasses(places()).length === 0);
  });
});
