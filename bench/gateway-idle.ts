/** What a client costs that is logged in, over plain TCP, and does nothing. */
import { fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { root } from "./bench-world.ts";
import { figure, type Figure, type Limit } from "./figure.ts";
import { databaseName, password, user } from "./gateway-postgres.ts";
import type { Proxy } from "./gateway-proxy.ts";

const kilobytesMost = 12;
/** 5 s: the proxy's memory has settled; a collector that is due has run. */
const settleMs = 5_000;
/** 3 min: 10,000 logins with SCRAM take one. */
const loginBoundMs = 180_000;
/** Before the first look: what is loaded with the first logins is not the clients'. */
const warmUpClients = 200;

export type IdleCandidate = {
  readonly name: string;
  readonly proxy: Proxy;
  readonly isHeld: boolean;
};

export async function measureIdleClients(
  { name, proxy, isHeld }: IdleCandidate,
  counts: readonly number[],
): Promise<readonly Figure[]> {
  await whileIdle(proxy, warmUpClients, async () => undefined);
  await sleep(settleMs);
  // Once: memory that the first clients leave behind is used by the next ones.
  const before = proxy.residentBytes();
  const figures: Figure[] = [];
  for (const count of counts) {
    const bytes = await whileIdle(proxy, count, async () => {
      await sleep(settleMs);
      return proxy.residentBytes() - before;
    });
    const limit: Limit = { kind: "at-most", value: kilobytesMost };
    const note = `${(before / 1024 / 1024).toFixed(0)} MiB before`;
    const title = `${count} idle clients: ${name}, memory`;
    const samples = [bytes / 1024 / count];
    figures.push(figure(title, "kB/client", samples, isHeld ? { limit, note } : { note }));
  }
  return figures;
}

async function whileIdle<T>(proxy: Proxy, count: number, look: () => Promise<T>): Promise<T> {
  const { host, port } = proxy.address;
  const words = [host, String(port), String(count)];
  const env = {
    ...process.env,
    PGUSER: user,
    PGPASSWORD: password.reveal(),
    PGDATABASE: databaseName,
  };
  const child = fork(join(root, "bench", "gateway-idle-clients.ts"), words, { env });
  const ended = once(child, "exit");
  try {
    const signal = AbortSignal.timeout(loginBoundMs);
    const failed = ended.then(() => {
      throw new Error(`${count} clients could not stay logged in at ${proxy.name}`);
    });
    failed.catch(() => undefined);
    await Promise.race([once(child, "message", { signal }), failed]);
    return await look();
  } finally {
    child.kill("SIGKILL");
    await ended;
  }
}
