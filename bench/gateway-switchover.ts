/**
 * Switchovers under clients of the gateways, in both Regions and of all kinds: what each of them saw. The goal is that
 * they see latency, and nothing else.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { ApiStatus } from "../src/api/api.ts";
import { describeError } from "../src/model/failure.ts";
import {
  GatewayClients,
  lengthOf,
  type ClientError,
  type GatewayPlace,
} from "../test/e2e/gateway-clients.ts";
import { primary, secondary, withBenchWorld, type BenchWorld } from "./bench-world.ts";
import { figure, quantile, type Figure } from "./figure.ts";
import { parseOperations, type OperationAnswer } from "./operation-answer.ts";

const database = "orders";
/** 1 s before each, so that all clients are in the middle of their work, and the lag is measured again. */
const settleMs = 1_000;
/** 60 s until the world can move again. */
const healthyMsMax = 60_000;
const lookEveryMs = 50;
/** Anchors: PgBouncer and scripts 2 to 3 s, other gateways 2 to 4 s. */
const holdP99MsMax = 1_500;

export type SwitchoverOrder = {
  readonly runs: number;
  readonly clients: number;
  /** Progress and errors, for people. */
  readonly say: (line: string) => void;
};

type Move = {
  readonly operation: OperationAnswer | undefined;
  /** Why it was not completed. */
  readonly refused: string | undefined;
  /** The longest wait of each client that had one meanwhile, in ms. */
  readonly holdsMs: readonly number[];
};

export async function measureGatewaySwitchover({
  runs,
  clients,
  say,
}: SwitchoverOrder): Promise<readonly Figure[]> {
  return withBenchWorld(async (world) => {
    await world.run("up", "--detach");
    const places = await placesOf(world);
    await using fleet = await GatewayClients.start(places, clients);
    const moves: Move[] = [];
    for (let run = 0; run < runs; run += 1) {
      const from = await untilHealthy(world);
      await sleep(settleMs);
      const before = fleet.errors.length;
      const move = await measureMove(world, fleet, from === primary ? secondary : primary);
      moves.push(move);
      say(describeMove(run + 1, move));
      for (const error of fleet.errors.slice(before)) say(`  ${describeClientError(error)}`);
    }
    await fleet.untilAllWorked();
    await fleet.stop();
    const { lost, doubled, revived, acknowledged } = await fleet.check(places[0]?.url ?? "");
    say(`${acknowledged} rows were acknowledged; ${fleet.unheard} notifications did not come.`);
    for (const wrong of fleet.wrongs) say(`  ${wrong}`);
    const wrongRows = lost.length + doubled.length + revived.length;
    if (wrongRows > 0) say(`  lost ${lost.join()}; doubled ${doubled.join()}; ${revived.join()}`);
    return figuresOf(moves, {
      errors: fleet.errors.length,
      wrongRows,
      wrongReads: fleet.wrongs.length,
    });
  });
}

async function measureMove(world: BenchWorld, fleet: GatewayClients, to: string): Promise<Move> {
  const fromMs = performance.now();
  let operation: OperationAnswer | undefined;
  let refused: string | undefined;
  try {
    [operation] = parseOperations(await world.ask("switchover", database, "--to", to, "--json"));
  } catch (error) {
    refused = describeError(error);
  }
  // Whoever waits now is waited for: also the one that waits longest.
  await fleet.untilAllWorked();
  const waits = fleet.longestWaits(fromMs, performance.now());
  return { operation, refused, holdsMs: waits.map(lengthOf) };
}

type Totals = { readonly errors: number; readonly wrongRows: number; readonly wrongReads: number };

function figuresOf(moves: readonly Move[], totals: Totals): readonly Figure[] {
  const none = { limit: { kind: "at-most", value: 0 } } as const;
  const pausesMs = moves.flatMap(({ operation }) => operation?.writePauseMs ?? []);
  const holdsMs = moves.flatMap((move) => move.holdsMs).toSorted((a, b) => a - b);
  const failed = moves.filter(({ refused }) => refused !== undefined).length;
  const limit = { kind: "at-most", value: holdP99MsMax } as const;
  const note = `the longest wait of each client at each of ${moves.length} switchovers`;
  return [
    figure("switchover, client errors", "", [totals.errors], none),
    figure("switchover, rows lost or doubled", "", [totals.wrongRows], none),
    figure("switchover, stale reads of one's own rows", "", [totals.wrongReads], none),
    figure("switchover, not completed", "", [failed], none),
    figure("switchover, hold p50", "ms", [quantile(holdsMs, 0.5)], { note }),
    figure("switchover, hold p99", "ms", [quantile(holdsMs, 0.99)], { limit }),
    figure("switchover, hold max", "ms", [quantile(holdsMs, 1)]),
    ...(pausesMs.length === 0 ? [] : [figure("switchover, write pause", "ms", pausesMs)]),
  ];
}

function describeMove(number: number, { operation, refused, holdsMs }: Move): string {
  const holds = [0.5, 0.99, 1].map((share) => Math.round(quantile(holdsMs, share))).join("/");
  const steps = operation?.steps.map(({ name, ms }) => `${name} ${ms ?? "?"}`).join(", ");
  const what = refused ?? `pause ${operation?.writePauseMs ?? "?"} ms (${steps})`;
  return `${number}: ${what}; hold p50/p99/max ${holds} ms`;
}

function describeClientError({ client, connection, what, code, message }: ClientError): string {
  return `${client}, connection ${connection}, ${what}: ${code} ${message}`;
}

async function placesOf(world: BenchWorld): Promise<readonly GatewayPlace[]> {
  const status = JSON.parse(await world.ask("status", "--json")) as {
    readonly regions: Readonly<
      Record<string, { readonly gateway: { readonly urls: Readonly<Record<string, string>> } }>
    >;
  };
  return Object.entries(status.regions).map(([region, { gateway }]) => {
    const url = gateway.urls[database];
    if (url === undefined) throw new Error(`${region} has no connection string of ${database}`);
    return { region, url };
  });
}

/** Answers where the writer is, once it can move again. */
async function untilHealthy(world: BenchWorld): Promise<string> {
  const signal = AbortSignal.timeout(healthyMsMax);
  const api = world.api();
  try {
    for (;;) {
      const status = await api.status(signal).catch(() => undefined);
      const from = status && canMoveFrom(status);
      if (from !== undefined) return from;
      await sleep(lookEveryMs, undefined, { signal });
    }
  } finally {
    api.close();
  }
}

function canMoveFrom({ isReady, databases }: ApiStatus): string | undefined {
  const { candidates = [], members = {}, operation, primary: from } = databases[database] ?? {};
  const others = Object.keys(members).filter((region) => region !== from);
  const canMove = isReady && operation === null && others.every((one) => candidates.includes(one));
  return canMove ? (from ?? undefined) : undefined;
}
