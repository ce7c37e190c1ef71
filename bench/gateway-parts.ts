/** The parts of `npm run bench:gateway`, each with the proxies that it needs. */
import type { Figure } from "./figure.ts";
import { startGateways, type GatewayOptions } from "./gateway-candidate.ts";
import { measureConsistency, measureWriteOverhead } from "./gateway-consistency.ts";
import { startGatewayLink } from "./gateway-link.ts";
import { measureIdleClients } from "./gateway-idle.ts";
import { measurePgbench, type Candidate } from "./gateway-pgbench.ts";
import { startPgbouncer } from "./gateway-pgbouncer.ts";
import { startPgpool } from "./gateway-pgpool.ts";
import type { Peers } from "./gateway-peers.ts";
import type { BenchPostgres } from "./gateway-postgres.ts";
import type { Proxy } from "./gateway-proxy.ts";
import type { Running } from "./gateway-running.ts";
import { measureGatewaySwitchover } from "./gateway-switchover.ts";
import type { Protocol } from "./gateway-slice.ts";

export const parts = ["pgbench", "idle", "consistency", "switchover"] as const;
export type Part = (typeof parts)[number];

export type PartsOrder = {
  readonly parts: readonly Part[];
  readonly pairs: number;
  readonly seconds: number;
  readonly clients: readonly number[];
  /** Write-then-read pairs of the consistency part. */
  readonly reads: number;
  /** Of the switchover part. */
  readonly switchovers: number;
  /** False: PgBouncer takes its place. */
  readonly hasGateway: boolean;
  readonly peers: Peers;
  readonly postgres: BenchPostgres;
  /** Ends, when the benchmark is interrupted, what a part has started. */
  readonly running: Running;
};

/** As many as the least number of clients that the limits speak of. */
const poolSize = 8;
/** With 60 ms to the writer, a server is busy for that long with each write. */
const consistencyPoolSize = 60;
const linkRttMs = 60;
const switchoverClients = 64;
const idleCounts = [1_000, 10_000];

export async function measureParts(order: PartsOrder): Promise<readonly Figure[]> {
  const figures: Figure[] = [];
  for (const part of order.parts) {
    console.error(`Measuring ${part} …`);
    figures.push(...(await measure[part](order)));
  }
  return figures;
}

const measure: Readonly<Record<Part, (order: PartsOrder) => Promise<readonly Figure[]>>> = {
  pgbench,
  idle,
  consistency,
  switchover,
};

async function pgbench(order: PartsOrder): Promise<readonly Figure[]> {
  const { peers, postgres, pairs, seconds, clients } = order;
  if (peers.pgbench === undefined || peers.pgbouncer === undefined) {
    console.log("pgbench and PgBouncer are needed for this part; it is left out.\n");
    return [];
  }
  const running = order.running.inner();
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
    await running.end();
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
    const { standby } = await running.start(
      startGateways(postgres, { poolSize, linkTo: undefined }),
    );
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

async function idle(order: PartsOrder): Promise<readonly Figure[]> {
  const { peers, postgres, hasGateway } = order;
  const figures: Figure[] = [];
  const running = order.running.inner();
  try {
    if (peers.pgbouncer !== undefined) {
      const pooled = { mode: "transaction", servers: poolSize } as const;
      const proxy = await running.start(startPgbouncer(peers.pgbouncer, postgres, pooled));
      const candidate = { name: "PgBouncer", proxy, isHeld: false };
      figures.push(...(await measureIdleClients(candidate, idleCounts)));
    }
    if (hasGateway) {
      const { standby: proxy } = await running.start(
        startGateways(postgres, { poolSize, linkTo: undefined }),
      );
      const candidate = { name: "gateway", proxy, isHeld: true };
      figures.push(...(await measureIdleClients(candidate, idleCounts)));
    }
    return figures;
  } finally {
    await running.end();
  }
}

async function consistency(order: PartsOrder): Promise<readonly Figure[]> {
  const { postgres, hasGateway, reads, pairs } = order;
  if (!hasGateway) return [];
  const running = order.running.inner();
  try {
    const open = async (linkTo: GatewayOptions["linkTo"]): Promise<Proxy> =>
      (await running.start(startGateways(postgres, { poolSize: consistencyPoolSize, linkTo })))
        .standby;
    const near = await open(undefined);
    const far = await open(async (writer) => {
      const link = await running.start(startGatewayLink(writer, linkRttMs));
      return link.address;
    });
    const overhead = await measureWriteOverhead(near, postgres, pairs);
    return [overhead, ...(await measureConsistency(far, postgres, { reads }))];
  } finally {
    await running.end();
  }
}

/** A whole world of its own, started as a user does. */
async function switchover({ hasGateway, switchovers }: PartsOrder): Promise<readonly Figure[]> {
  if (!hasGateway) return [];
  const say = (line: string): void => console.error(line);
  return measureGatewaySwitchover({ runs: switchovers, clients: switchoverClients, say });
}
