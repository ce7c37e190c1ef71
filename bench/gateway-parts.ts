/** The parts of `npm run bench:gateway`, each with the proxies that it needs. */
import type { Figure } from "./figure.ts";
import { startGateways } from "./gateway-candidate.ts";
import { measureIdleClients } from "./gateway-idle.ts";
import { measurePgbench, type Candidate } from "./gateway-pgbench.ts";
import { startPgbouncer } from "./gateway-pgbouncer.ts";
import { startPgpool } from "./gateway-pgpool.ts";
import type { Peers } from "./gateway-peers.ts";
import type { BenchPostgres } from "./gateway-postgres.ts";
import type { Proxy } from "./gateway-proxy.ts";
import type { Protocol } from "./gateway-slice.ts";

export const parts = ["pgbench", "idle"] as const;
export type Part = (typeof parts)[number];

export type PartsOrder = {
  readonly parts: readonly Part[];
  readonly pairs: number;
  readonly seconds: number;
  readonly clients: readonly number[];
  /** False: PgBouncer takes its place. */
  readonly hasGateway: boolean;
  readonly peers: Peers;
  readonly postgres: BenchPostgres;
};

/** As many as the least number of clients that the limits speak of. */
const poolSize = 8;
const idleCounts = [1_000, 10_000];

export async function measureParts(order: PartsOrder): Promise<readonly Figure[]> {
  const figures: Figure[] = [];
  for (const part of order.parts) {
    console.error(`Measuring ${part} …`);
    figures.push(...(await (part === "pgbench" ? pgbench(order) : idle(order))));
  }
  return figures;
}

/** Everything that was started, in order; ended in reverse. */
class Running {
  readonly #ends: (() => Promise<void>)[] = [];

  async start<T extends { end(): Promise<void> }>(starting: Promise<T>): Promise<T> {
    const started = await starting;
    this.#ends.push(() => started.end());
    return started;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const end of this.#ends.toReversed()) await end();
  }
}

async function pgbench(order: PartsOrder): Promise<readonly Figure[]> {
  const { peers, postgres, pairs, seconds, clients } = order;
  if (peers.pgbench === undefined || peers.pgbouncer === undefined) {
    console.log("pgbench and PgBouncer are needed for this part; it is left out.\n");
    return [];
  }
  const running = new Running();
  try {
    const { pgbouncer } = peers;
    const pooled = { mode: "transaction", servers: poolSize } as const;
    const transaction = await running.start(startPgbouncer(pgbouncer, postgres, pooled));
    // Where it cannot pool prepared statements, each client has a server of its own.
    const own = { mode: "session", servers: Math.max(poolSize, ...clients) } as const;
    const prepared = pgbouncer.poolsPrepared
      ? transaction
      : await running.start(startPgbouncer(pgbouncer, postgres, own));
    const baseline = (protocol: Protocol): Proxy =>
      protocol === "prepared" ? prepared : transaction;
    const candidates = await startCandidates(order, running, baseline);
    const load = { pgbench: peers.pgbench, pairs, seconds, clients };
    return await measurePgbench({ ...load, baseline, candidates });
  } finally {
    await running[Symbol.asyncDispose]();
  }
}

async function startCandidates(
  { peers, postgres, hasGateway }: PartsOrder,
  running: Running,
  baseline: (protocol: Protocol) => Proxy,
): Promise<readonly Candidate[]> {
  const candidates: Candidate[] = [];
  const add = (name: string, role: Candidate["role"], proxy: Candidate["proxy"]): void => {
    candidates.push({ name, role, proxy, consistency: undefined });
  };
  if (hasGateway) {
    const { standby } = await running.start(startGateways(postgres, poolSize));
    add("gateway", "gateway", () => standby);
    const session = { name: "gateway, session", role: undefined, consistency: "session" } as const;
    candidates.push({ ...session, proxy: () => standby });
  } else add("PgBouncer itself", undefined, baseline);
  if (peers.pgpool !== undefined) {
    const pgpool = await running.start(startPgpool(peers.pgpool.path, postgres));
    add("pgpool-II", "pgpool", () => pgpool);
  }
  return candidates;
}

async function idle({ peers, postgres, hasGateway }: PartsOrder): Promise<readonly Figure[]> {
  const figures: Figure[] = [];
  const running = new Running();
  try {
    if (peers.pgbouncer !== undefined) {
      const pooled = { mode: "transaction", servers: poolSize } as const;
      const proxy = await running.start(startPgbouncer(peers.pgbouncer, postgres, pooled));
      const candidate = { name: "PgBouncer", proxy, isHeld: false };
      figures.push(...(await measureIdleClients(candidate, idleCounts)));
    }
    if (hasGateway) {
      const { standby: proxy } = await running.start(startGateways(postgres, poolSize));
      const candidate = { name: "gateway", proxy, isHeld: true };
      figures.push(...(await measureIdleClients(candidate, idleCounts)));
    }
    return figures;
  } finally {
    await running[Symbol.asyncDispose]();
  }
}
