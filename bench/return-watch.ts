/**
 * Watches the server that is to become the writer, from before it does: when it was promoted, and when somebody
 * streams from it. It asks the server itself, so that it knows sooner than any status.
 */
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { monotonicMs } from "./monotonic.ts";

const lookEveryMs = 10;

export type Return = { readonly promotedMs: number; readonly streamingMs: number };

const look = `SELECT NOT pg_is_in_recovery() AS "isPromoted",
  EXISTS (SELECT FROM pg_stat_replication WHERE state = 'streaming') AS "isStreaming"`;

/** @param config a superuser's connection. Rejects when `signal` aborts first. */
export async function watchReturn(config: pg.ClientConfig, signal: AbortSignal): Promise<Return> {
  const client = new pg.Client(config);
  client.on("error", () => undefined);
  await client.connect();
  let promotedMs: number | undefined;
  try {
    for (;;) {
      const { rows } = await client.query<{ isPromoted: boolean; isStreaming: boolean }>(look);
      const [seen] = rows;
      if (seen?.isPromoted) promotedMs ??= monotonicMs();
      if (promotedMs !== undefined && seen?.isStreaming) {
        return { promotedMs, streamingMs: monotonicMs() };
      }
      await sleep(lookEveryMs, undefined, { signal });
    }
  } finally {
    await client.end().catch(() => undefined);
  }
}
