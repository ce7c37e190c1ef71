/** Whether a service's ways to its database answer: the one to read by, and the one to write by. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Database } from "./database.ts";
import type { DeepHealth, PathHealth } from "./service.ts";

/** 3 s: whoever asks for health waits no longer, and a writer that moves is back in less. */
const healthMsMax = 3_000;

const where = "select host(inet_server_addr()) as served_by";

/** For `startService`. */
export function databaseHealth(database: Database): DeepHealth {
  return async () => {
    const [reader, writer] = await Promise.all([
      measure(async () => (await database.read(where, [])).from.address),
      measure(async () => (await database.whereami()).writer),
    ]);
    return { reader, writer };
  };
}

async function measure(ask: () => Promise<string>): Promise<PathHealth> {
  const startedMs = performance.now();
  const late = new AbortController();
  const address = await Promise.race([
    ask().catch(() => undefined),
    sleep(healthMsMax, undefined, { signal: late.signal }).catch(() => undefined),
  ]);
  late.abort();
  const ms = Math.round(performance.now() - startedMs);
  return address === undefined ? { ok: false, ms } : { ok: true, ms, address };
}
