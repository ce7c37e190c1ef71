/**
 * The gateway as the benchmark runs it: one in the writer's Region and one in the standby's, each with an agent that
 * is played here. This file is all that knows how a gateway is started.
 */
import { randomBytes, randomUUID } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  gateway as gatewaySchema,
  serverConnectionsDefault,
} from "../src/config/gateway-schema.ts";
import { nodeClock } from "../src/env/node/clock.ts";
import { NodeNetwork } from "../src/env/node/network.ts";
import type { Address } from "../src/model/address.ts";
import type { DatabaseId, Epoch, RegionId } from "../src/model/region.ts";
import { Secret } from "../src/std/secret.ts";
import { drawAddress } from "../test/postgres/scratch.ts";
import { encode } from "../src/wire/codec.ts";
import { gatewaySettings } from "../src/wire/program-settings.ts";
import { root } from "./bench-world.ts";
import { databaseName, superuserPassword, type BenchPostgres } from "./gateway-postgres.ts";
import { launch, type Proxy } from "./gateway-proxy.ts";
import { serveStubAgent } from "./gateway-stub-agent.ts";

const database = databaseName as DatabaseId;
const [writerRegion, standbyRegion] = ["us-east-1", "us-west-2"] as [RegionId, RegionId];

export type GatewayPair = {
  /** In the standby's Region: reads stay here. */
  readonly standby: Proxy;
  readonly writer: Proxy;
  end(): Promise<void>;
};

type Place = {
  readonly region: RegionId;
  readonly listen: Address;
  readonly peer: { readonly region: RegionId; readonly address: Address };
  readonly postgres: Address;
};

export type GatewayOptions = {
  /** Servers for one user of one database, as PgBouncer's `default_pool_size`. */
  readonly poolSize: number;
  /** How the standby's Region reaches the gateway of the writer's Region; undefined: by its own address. */
  readonly linkTo: ((writer: Address) => Promise<Address>) | undefined;
};

export async function startGateways(
  postgres: BenchPostgres,
  { poolSize, linkTo }: GatewayOptions,
): Promise<GatewayPair> {
  const [east, west] = [drawAddress().host, drawAddress().host].map((host) => ({
    host,
    port: 6432,
  })) as [Address, Address];
  const stop = new AbortController();
  const bugs: unknown[] = [];
  const network = new NodeNetwork({ clock: nodeClock, onBug: (bug) => bugs.push(bug) });
  const start = (place: Place): Promise<Proxy> =>
    startGateway(place, { postgres, poolSize, network, signal: stop.signal });
  const close = async (): Promise<void> => {
    stop.abort(new Error("the benchmark has ended"));
    network.close();
    if (bugs.length > 0) throw new Error("The played agent failed", { cause: bugs[0] });
  };
  const started: Proxy[] = [];
  const end = async (): Promise<void> => {
    for (const gateway of started) await gateway.end();
    await close();
  };
  try {
    const writer = await start({
      region: writerRegion,
      listen: east,
      peer: { region: standbyRegion, address: west },
      postgres: postgres.primary,
    });
    started.push(writer);
    const standby = await start({
      region: standbyRegion,
      listen: west,
      peer: { region: writerRegion, address: linkTo === undefined ? east : await linkTo(east) },
      postgres: postgres.standby,
    });
    started.push(standby);
    return { writer, standby, end };
  } catch (error) {
    await end();
    throw error;
  }
}

type Start = {
  readonly postgres: BenchPostgres;
  readonly poolSize: number;
  readonly network: NodeNetwork;
  readonly signal: AbortSignal;
};

async function startGateway(place: Place, start: Start): Promise<Proxy> {
  const { region, listen, peer } = place;
  const { postgres, poolSize, network, signal } = start;
  const agent = {
    address: { host: listen.host, port: 7100 },
    token: randomBytes(16).toString("hex"),
  };
  const route = {
    database,
    systemId: postgres.systemId,
    epoch: 1 as Epoch,
    writer: writerRegion,
    acceptsWrites: true,
    timeline: 1,
    instances: [{ number: 1, address: place.postgres, isServing: true }],
    forks: [],
    hold: undefined,
  };
  const isWriterHere = region === writerRegion;
  await serveStubAgent(network, { ...agent, route, isWriterHere }, signal);
  const settings = encode(gatewaySettings, {
    logLevel: "info",
    region,
    listen,
    agent: { address: agent.address, token: new Secret(agent.token) },
    peers: [peer],
    adminUser: "leeward",
    adminPassword: superuserPassword,
    databases: [
      { database, kind: "global", consistency: "eventual", superuserPassword, roles: [] },
    ],
    names: [
      { name: databaseName, database, mode: "forward" },
      { name: `${databaseName}-rw`, database, mode: "writer" },
    ],
    limits: {
      ...gatewaySchema.parse(undefined).limits,
      serverConnectionsMax: serverConnectionsDefault,
      poolSize,
      // The bench's own looks come on top of 10,000 idle clients.
      clientsMax: 12_000,
    },
    commitCertainty: false,
    tls: undefined,
  });
  const directory = join(postgres.scratch.directory, `gateway-${region}-${randomUUID()}`);
  mkdirSync(directory, { mode: 0o700 });
  const path = join(directory, "settings.json");
  writeFileSync(path, JSON.stringify(settings), { mode: 0o600 });
  return launch({
    name: `gateway of ${region}`,
    address: listen,
    command: [process.execPath, join(root, "bin", "leeward.js"), "internal", "gateway", path],
    directory,
    endSignal: "SIGTERM",
    after: async () => undefined,
  });
}
