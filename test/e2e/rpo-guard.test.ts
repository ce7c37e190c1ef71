/** `rpoGuardMs`: commits wait for a secondary that falls behind, and never where that would stop every write. */
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import type { ApiStatus } from "../../src/api/api.ts";
import { Ledger } from "./ledger.ts";
import { untilSettled } from "./operations.ts";
import { sharedWorld } from "./shared-world.ts";
import { until } from "./until.ts";
import type { World } from "./world.ts";
import { east, globalDatabase, west } from "./yaml.ts";

const limitMs = 2_000;
/** 2 s: the lag is measured each second, and the setting has to reach every backend of a busy machine. */
const toleranceMs = 2_000;
/** 10 s: the guard has held for a while by then. */
const watchMs = 10_000;
/** Rows of 8 KiB that do not compress, 250 KB/s of them: twice what 1 mbit carries. */
const insert =
  "INSERT INTO bulk SELECT $1, string_agg(md5(random()::text), '') FROM generate_series(1, 256)";
const rowEveryMs = 30;

const the = sharedWorld({ databases: { orders: { ...globalDatabase, rpoGuardMs: limitMs } } });

function guard(status: ApiStatus): string | undefined {
  return status.databases["orders"]?.rpoGuard?.state;
}

async function setBandwidth(world: World, bandwidth: string): Promise<void> {
  await world.ok(["link", "set", east, west, "--bandwidth", bandwidth]);
}

/** When each row was acknowledged, by its number. */
async function write(world: World, ackedAtMs: number[], signal: AbortSignal): Promise<void> {
  const client = await world.connect("orders", east);
  try {
    while (!signal.aborted) {
      await client.query(insert, [ackedAtMs.length]);
      ackedAtMs.push(performance.now());
      await sleep(rowEveryMs);
    }
  } finally {
    await client.end();
  }
}

/** For how long a writer had written what would be lost at this moment, the most while `watchMs` pass. */
async function watchLoss(world: World, ackedAtMs: readonly number[]): Promise<number> {
  const secondary = await world.connect("orders", west);
  const startedMs = performance.now();
  let worstMs = 0;
  try {
    await until("it has been watched for a while", 2 * watchMs, async () => {
      const last = ackedAtMs.length - 1;
      const { rows } = await secondary.query<{ next: number }>(
        "SELECT coalesce(max(id) + 1, 0) AS next FROM bulk",
      );
      const next = rows[0]?.next ?? 0;
      worstMs = Math.max(worstMs, (ackedAtMs[last] ?? 0) - (ackedAtMs[next] ?? Infinity));
      return performance.now() - startedMs > watchMs;
    });
  } finally {
    await secondary.end();
  }
  return worstMs;
}

describe.sequential("the RPO guard", () => {
  test("lets commits wait behind a slow link, so that a failover would lose little more than it allows", async () => {
    const world = the();
    await world.sql("orders", east, "CREATE TABLE bulk (id int, filler text)");
    await untilSettled(world, "orders", 30_000);
    expect(guard(await world.status())).toBe("watching");
    await setBandwidth(world, "1mbit");
    const ackedAtMs: number[] = [];
    const end = new AbortController();
    const writing = write(world, ackedAtMs, end.signal);
    const watching = watchLoss(world, ackedAtMs);
    await world.untilStatus("commits wait", 30_000, (status) => guard(status) === "holding");
    const worstMs = await watching;
    end.abort();
    await setBandwidth(world, "unlimited");
    await writing;
    const pausesMs = ackedAtMs.map((atMs, at) => atMs - (ackedAtMs[at - 1] ?? atMs));
    console.log(
      `RPO guard of ${limitMs} ms on 1 mbit: a failover would have lost at most what ${Math.round(worstMs)} ms of ` +
        `writing made; ${ackedAtMs.length} rows, the longest wait ${Math.round(Math.max(...pausesMs))} ms`,
    );
    expect(worstMs).toBeGreaterThan(0);
    expect(worstMs).toBeLessThan(limitMs + toleranceMs);
    await world.untilStatus("they run free", 30_000, (status) => guard(status) === "watching");
  });

  test("is suspended while no secondary streams, and writes go on", async () => {
    const world = the();
    await untilSettled(world, "orders", 30_000);
    await using ledger = await Ledger.start(world, "orders", east);
    await world.ok(["region", "stop", west]);
    const status = await world.untilStatus("it is suspended", 30_000, (seen) => {
      return guard(seen) === "suspended";
    });
    const written = ledger.acknowledged.length;
    await until("the client goes on", 10_000, () => ledger.acknowledged.length > written + 100);
    expect(status.databases["orders"]?.rpoGuard?.because).toContain("streams");
    await world.ok(["region", "start", west]);
    await world.untilStatus("it watches", 60_000, (seen) => guard(seen) === "watching");
    await ledger.stop();
    expect(ledger.failures).toEqual([]);
  });
});
