/** One slice: pgbench for some seconds through one proxy, with what the proxy's processes used for it. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { databaseName, password, user } from "./gateway-postgres.ts";
import type { Proxy } from "./gateway-proxy.ts";

export const protocols = ["simple", "extended", "prepared"] as const;
export type Protocol = (typeof protocols)[number];

export type Load = {
  readonly pgbench: string;
  readonly clients: number;
  readonly protocol: Protocol;
  readonly seconds: number;
  /** Of the session, in its connection string; undefined: what the proxy does by itself. */
  readonly consistency: string | undefined;
};

export type Slice = { readonly tps: number; readonly cpuMicrosPerTransaction: number };

/** A slice that hangs is as bad as one that fails. */
const graceMs = 30_000;

/** @throws Error when a client failed, with what pgbench said */
export async function runSlice(proxy: Proxy, load: Load): Promise<Slice> {
  const { pgbench, clients, protocol, seconds, consistency } = load;
  const words = [
    ["-h", proxy.address.host, "-p", String(proxy.address.port), "-U", user],
    ["-n", "-S", "-M", protocol, "-c", String(clients), "-j", String(Math.min(clients, 2))],
    ["-T", String(seconds), databaseName],
  ].flat();
  const options = consistency === undefined ? "" : `-c leeward.consistency=${consistency}`;
  const login = { PGPASSWORD: password.reveal(), PGSSLMODE: "disable", PGOPTIONS: options };
  const env = { ...process.env, ...login };
  const beforeMs = proxy.cpuMs();
  const { stdout } = await promisify(execFile)(pgbench, words, {
    env,
    timeout: seconds * 1000 + graceMs,
  }).catch((cause: unknown) => {
    throw new Error(`pgbench failed through ${proxy.name}, ${clients} clients, ${protocol}`, {
      cause,
    });
  });
  const usedMs = proxy.cpuMs() - beforeMs;
  const tps = numberIn(stdout, /^tps = ([\d.]+) \(without/m);
  const transactions = numberIn(stdout, /actually processed: (\d+)/);
  return { tps, cpuMicrosPerTransaction: (usedMs * 1000) / transactions };
}

function numberIn(text: string, pattern: RegExp): number {
  const found = Number(pattern.exec(text)?.[1]);
  if (!(found > 0)) throw new Error(`pgbench told no ${pattern.source}:\n${text}`);
  return found;
}
