/** Whether a service's ways to its database answer: the one to read by, and the one to write by. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Database, DatabaseAnswer } from "./database.ts";
import type { DeepHealth, PathHealth } from "./service.ts";

/** 3 s: whoever asks for health waits no longer, and a writer that moves is back in less. */
const healthMsMax = 3_000;

const where = "select host(inet_server_addr()) as served_by";

/**
 * For `startService`.
 * @param others databases that the service needs besides, by name: told as `<name>.reader` and `<name>.writer`
 */
export function databaseHealth(
  database: Database,
  others: Readonly<Record<string, Database>> = {},
): DeepHealth {
  return async () => {
    const ways = [
      ...waysTo("", database),
      ...Object.entries(others).flatMap(([name, other]) => waysTo(`${name}.`, other)),
    ];
    return Object.fromEntries(
      await Promise.all(ways.map(async ([name, ask]) => [name, await measure(ask)] as const)),
    );
  };
}

type Ask = () => Promise<DatabaseAnswer<unknown>>;

/** Given up in time, also when nobody waits any more: health must not keep connections from those who buy. */
function waysTo(prefix: string, database: Database): readonly (readonly [string, Ask])[] {
  const options = { isRepeatable: true, msMax: healthMsMax };
  return [
    [`${prefix}reader`, () => database.read(where, [], undefined, options)],
    [`${prefix}writer`, () => database.write(`/* leeward:writer */ ${where}`, [], options)],
  ];
}

async function measure(ask: Ask): Promise<PathHealth> {
  const startedMs = performance.now();
  const late = new AbortController();
  const answer = await Promise.race([
    ask().catch(() => undefined),
    sleep(healthMsMax, undefined, { signal: late.signal }).catch(() => undefined),
  ]);
  late.abort();
  const ms = Math.round(performance.now() - startedMs);
  return answer ? { ok: true, ms, address: answer.from.address } : { ok: false, ms };
}
