/** Fills a database with rows that nothing can compress, and waits until they are everywhere. */
import { randomFillSync } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { BenchWorld } from "./bench-world.ts";

/** Few statements, and small enough to be sent without a second copy of everything. */
const rowBytes = 8 * 1024 * 1024;
/** 5 min for what takes some 20 s. */
const settleTimeoutMs = 300_000;
const lookMs = 200;

/** Answers when the primary has checkpointed `bytes` of rows and every secondary has replayed them. */
export async function fillWithBallast(
  world: BenchWorld,
  database: string,
  bytes: number,
): Promise<void> {
  const client = await world.connect(database);
  try {
    await client.query("CREATE TABLE ballast (body bytea)");
    await client.query("ALTER TABLE ballast ALTER body SET STORAGE EXTERNAL");
    const row = Buffer.allocUnsafe(rowBytes);
    for (let left = bytes; left > 0; left -= rowBytes) {
      randomFillSync(row);
      await client.query("INSERT INTO ballast VALUES ($1)", [row]);
    }
    await client.query("VACUUM ballast");
  } finally {
    await client.end();
  }
  await untilReplayed(world, database);
}

async function untilReplayed(world: BenchWorld, database: string): Promise<void> {
  const api = world.api();
  const signal = AbortSignal.timeout(settleTimeoutMs);
  try {
    for (;;) {
      const { databases } = await api.status(signal);
      const members = Object.values(databases[database]?.members ?? {});
      if (members.every(({ role, lagBytes }) => role === "primary" || lagBytes === 0)) return;
      await sleep(lookMs, undefined, { signal });
    }
  } finally {
    api.close();
  }
}
