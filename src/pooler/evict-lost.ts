/** Frees the clients that wait for a gateway that is gone. See `evict.ts` for what and why. */
import type { Clock } from "../env/env.ts";
import type { Address } from "../model/address.ts";
import { formatAddress } from "../model/address.ts";
import type { Console } from "./console.ts";
import { decideEviction, isStale, type ActiveServer, type Eviction } from "./evict.ts";
import type { Line } from "./line.ts";
import type { PoolerNews } from "./news.ts";

/** Whether a gateway answers at an address. */
export type Prober = (address: Address, signal: AbortSignal) => Promise<boolean>;

/** 700 ms: PgBouncer looks at the ages of requests three times a second. */
const limitMs = 700;

export type EvictDoors = {
  readonly clock: Clock;
  readonly console: Console;
  readonly probe: Prober;
  readonly news: Pick<PoolerNews, "evicted">;
};

/**
 * How many servers are in use still whose name leads elsewhere now. @throws Failure `pooler.console-failed`
 */
export async function evictLost(
  wanted: readonly Line[],
  doors: EvictDoors,
  signal: AbortSignal,
): Promise<number> {
  const servers = await doors.console.activeServers((server) => isStale(server, wanted));
  const stale = servers.filter((server) => isStale(server, wanted));
  if (stale.length === 0) return 0;
  const silent = await silentOf(stale, doors.probe, signal);
  if (signal.aborted) return stale.length;
  const eviction = decideEviction(servers, wanted, (at) => silent.has(formatAddress(at)));
  await evict(eviction, doors, signal);
  return stale.length;
}

async function silentOf(
  stale: readonly ActiveServer[],
  probe: Prober,
  signal: AbortSignal,
): Promise<ReadonlySet<string>> {
  const addresses = new Map(stale.map((at) => [formatAddress(at), at] as const));
  const looks = [...addresses].map(async ([text, address]) =>
    (await probe({ host: address.host, port: address.port }, signal)) ? [] : [text],
  );
  return new Set((await Promise.all(looks)).flat());
}

async function evict(
  eviction: Eviction,
  { clock, console, news }: EvictDoors,
  signal: AbortSignal,
): Promise<void> {
  switch (eviction.kind) {
    case "none":
      return;
    case "limit":
      try {
        await console.limitRequests(eviction.seconds);
        await clock.sleep(limitMs, signal).catch(() => undefined);
      } finally {
        await console.limitRequests(0);
      }
      return news.evicted(`${eviction.servers} servers`, eviction.because);
    case "kill":
      for (const name of eviction.names) {
        try {
          await console.kill(name);
        } finally {
          await console.resume(name);
        }
      }
      return news.evicted(`all clients of ${eviction.names.join(", ")}`, eviction.because);
  }
}
