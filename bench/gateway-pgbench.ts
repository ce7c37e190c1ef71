/**
 * Point reads through each candidate, in pairs: PgBouncer first, the candidate right after it, so that what else the
 * machine does meets both. The figure is the median of the ratios of the pairs.
 */
import { figure, median, type Figure, type Limit } from "./figure.ts";
import type { Proxy } from "./gateway-proxy.ts";
import { protocols, runSlice, type Load, type Protocol, type Slice } from "./gateway-slice.ts";

export type Candidate = {
  readonly name: string;
  readonly proxy: (protocol: Protocol) => Proxy;
  /** What the client asks for in its connection string; undefined: nothing. */
  readonly consistency: string | undefined;
  /** Undefined: measured beside the others, and held to nothing. */
  readonly role: "gateway" | "pgpool" | undefined;
};

export type PgbenchOrder = {
  readonly pgbench: string;
  readonly pairs: number;
  readonly seconds: number;
  readonly clients: readonly number[];
  /** What a protocol's candidates are compared with. */
  readonly baseline: (protocol: Protocol) => Proxy;
  readonly candidates: readonly Candidate[];
};

/** Of the gateway, with 8 clients: transactions per second as a part of PgBouncer's. */
const leastShare: Readonly<Record<Protocol, number>> = {
  simple: 0.85,
  extended: 0.9,
  prepared: 0.95,
};
const leastOverPgpool = 1.9;
const cpuMost = 1.2;
const limitedClients = 8;
const warmUpSeconds = 1;

type Pair = { readonly base: Slice; readonly slice: Slice };

/** Every cell: so many clients, one protocol. */
export async function measurePgbench(order: PgbenchOrder): Promise<readonly Figure[]> {
  const figures: Figure[] = [];
  for (const clients of order.clients) {
    for (const protocol of protocols) {
      const load = {
        pgbench: order.pgbench,
        clients,
        protocol,
        seconds: order.seconds,
        consistency: undefined,
      };
      const pairs = await measureCell(order, load);
      figures.push(...figuresOf(order, load, pairs));
    }
  }
  return figures;
}

async function measureCell(
  order: PgbenchOrder,
  load: Load,
): Promise<ReadonlyMap<Candidate, readonly Pair[]>> {
  const base = order.baseline(load.protocol);
  const through = ({ proxy, consistency }: Candidate, seconds: number): Promise<Slice> =>
    runSlice(proxy(load.protocol), { ...load, seconds, consistency });
  const pairs = new Map(order.candidates.map((candidate) => [candidate, [] as Pair[]]));
  await runSlice(base, { ...load, seconds: warmUpSeconds });
  for (const candidate of order.candidates) await through(candidate, warmUpSeconds);
  for (let round = 0; round < order.pairs; round += 1) {
    for (const [candidate, taken] of pairs)
      taken.push({
        base: await runSlice(base, load),
        slice: await through(candidate, load.seconds),
      });
  }
  return pairs;
}

function figuresOf(
  order: PgbenchOrder,
  { clients, protocol }: Load,
  cell: ReadonlyMap<Candidate, readonly Pair[]>,
): readonly Figure[] {
  const where = `${clients} ${protocol}`;
  const isLimited = clients === limitedClients;
  const share = ({ base, slice }: Pair): number => slice.tps / base.tps;
  const figures = [...cell].flatMap(([{ name, role }, pairs]) => {
    const isHeld = isLimited && role === "gateway";
    const atLeast: Limit = { kind: "at-least", value: leastShare[protocol] };
    const atMost: Limit = { kind: "at-most", value: cpuMost };
    const cpu = ({ base, slice }: Pair): number =>
      slice.cpuMicrosPerTransaction / base.cpuMicrosPerTransaction;
    return [
      figure(`${where}: ${name}, TPS`, "× PgBouncer", pairs.map(share), {
        ...(isHeld ? { limit: atLeast } : {}),
        note: describe(order.baseline(protocol), pairs),
      }),
      figure(
        `${where}: ${name}, CPU/tx`,
        "× PgBouncer",
        pairs.map(cpu),
        isHeld ? { limit: atMost } : {},
      ),
    ];
  });
  const byRole = (role: Candidate["role"]): readonly Pair[] | undefined =>
    [...cell].find(([candidate]) => candidate.role === role)?.[1];
  const [gateway, pgpool] = [byRole("gateway"), byRole("pgpool")];
  if (gateway === undefined || pgpool === undefined) return figures;
  const over = gateway.map((pair, at) => share(pair) / share(pgpool[at] ?? pair));
  const limit: Limit = { kind: "at-least", value: leastOverPgpool };
  return [
    ...figures,
    figure(`${where}: gateway, TPS`, "× pgpool-II", over, isLimited ? { limit } : {}),
  ];
}

function describe(base: Proxy, pairs: readonly Pair[]): string {
  const of = (read: (pair: Pair) => number): string => median(pairs.map(read)).toFixed(0);
  const cpu = (read: (pair: Pair) => number): string => median(pairs.map(read)).toFixed(1);
  return (
    `${of(({ slice }) => slice.tps)} TPS at ${cpu(({ slice }) => slice.cpuMicrosPerTransaction)} µs, ` +
    `${base.name} ${of((pair) => pair.base.tps)} TPS at ${cpu((pair) => pair.base.cpuMicrosPerTransaction)} µs`
  );
}
