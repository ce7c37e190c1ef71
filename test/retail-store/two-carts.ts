/**
 * The carts databases of two Regions for a test: two real PostgreSQL servers, a link each way that can be cut, and the
 * upkeep of the cart service in each Region.
 */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import pg from "pg";
import { migrate, migrationsIn } from "../../examples/retail-store/databases/migrate.ts";
import { Replication } from "../../examples/retail-store/services/cart/replication.ts";
import {
  openDatabase,
  type Database,
} from "../../examples/retail-store/services/shared/database.ts";
import type { Peer } from "../../examples/retail-store/services/cart/peers.ts";
import type { Address } from "../../src/model/address.ts";
import type { SystemId } from "../../src/model/region.ts";
import type { PostgresServer } from "../../src/postgres/server.ts";
import { Secret } from "../../src/std/secret.ts";
import {
  drawAddress,
  eventually,
  Scratch,
  soon,
  sql,
  startPrimary,
  superuserPassword,
} from "../postgres/scratch.ts";
import { TcpProxy } from "../postgres/tcp-proxy.ts";

export const regions = ["us-east-1", "us-west-2"] as const;
export type RegionName = (typeof regions)[number];

/** With what a connection string and a password file have to quote. */
export const cartsPassword = new Secret("carts' secret:of\\the-test");

export class Side {
  readonly region: RegionName;
  readonly address: Address;
  readonly systemId: SystemId;
  readonly server: PostgresServer;
  readonly database: Database;
  /** What the upkeep has told. */
  readonly log: string[] = [];
  /** The way from here to the other Region's database. */
  readonly way: TcpProxy;
  readonly passFile: string;
  readonly peer: Peer;
  readonly replication: Replication;

  constructor(parts: {
    readonly region: RegionName;
    readonly address: Address;
    readonly systemId: SystemId;
    readonly server: PostgresServer;
    readonly database: Database;
    readonly way: TcpProxy;
    readonly passFile: string;
    readonly peer: { readonly region: RegionName; readonly listen: Address };
  }) {
    this.region = parts.region;
    this.address = parts.address;
    this.systemId = parts.systemId;
    this.server = parts.server;
    this.database = parts.database;
    this.way = parts.way;
    this.passFile = parts.passFile;
    const { region, listen } = parts.peer;
    this.peer = { ...listen, region, user: "carts", database: "carts" };
    this.replication = this.newReplication(this.database);
  }

  /** As each replica of the service has one. */
  newReplication(database: Database): Replication {
    return new Replication({
      database,
      peers: [this.peer],
      passFile: this.passFile,
      log: (message) => this.log.push(message),
      lookMs: 100,
    });
  }

  query<T>(text: string, values: readonly unknown[] = []): Promise<readonly T[]> {
    return this.database.write<T>(text, values).then(({ rows }) => rows);
  }

  async restart(manner: "fast" | "immediate"): Promise<void> {
    await this.server.stop(manner, soon());
    await startPrimary(this.server);
  }

  /** The subscription is there, its first copy is done, and it streams. */
  async streams(): Promise<boolean> {
    const rows = await this.query<{ streams: boolean }>(
      `select count(*) > 0 and bool_and(r.srsubstate = 'r') and exists (
                select from pg_stat_subscription w where w.relid is null and w.latest_end_time is not null)
              as streams
         from pg_subscription_rel r`,
    );
    return rows[0]?.streams === true;
  }

  asSuperuser(text: string): Promise<readonly Record<string, unknown>[]> {
    return sql(this.address, text, {
      user: "leeward",
      password: superuserPassword,
      database: "carts",
    });
  }
}

export class TwoCarts {
  readonly scratch: Scratch;
  readonly east: Side;
  readonly west: Side;

  private constructor(scratch: Scratch, east: Side, west: Side) {
    this.scratch = scratch;
    this.east = east;
    this.west = west;
  }

  /** Both databases are prepared; the upkeep is not started. */
  static async open(): Promise<TwoCarts> {
    const scratch = await Scratch.open();
    const at = { "us-east-1": drawAddress(), "us-west-2": drawAddress() };
    const [east, west] = await Promise.all(regions.map((region) => newSide(scratch, region, at)));
    if (!east || !west) throw new Error("there are two Regions");
    return new TwoCarts(scratch, east, west);
  }

  get sides(): readonly [Side, Side] {
    return [this.east, this.west];
  }

  start(): void {
    for (const { replication } of this.sides) replication.start();
  }

  async bothStream(withinMs = 20_000): Promise<void> {
    for (const side of this.sides) {
      const streams = (): Promise<boolean> => side.streams().catch(() => false);
      await eventually(`${side.region} streams`, streams, withinMs);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { replication, way, database } of this.sides) {
      await replication.close();
      await way.close();
      await database.close();
    }
    await this.scratch[Symbol.asyncDispose]();
  }
}

/** A prepared carts database of a Region on a server of its own. */
export async function newCartsDatabase(
  scratch: Scratch,
  region: RegionName,
  address: Address,
): Promise<{
  readonly server: PostgresServer;
  readonly systemId: SystemId;
  readonly database: Database;
}> {
  const server = scratch.server(region, address, {
    // Sooner than in life: a test waits for each reconnection.
    settings: [{ name: "wal_retrieve_retry_interval", value: "100ms" }],
  });
  const role = {
    name: "carts",
    login: true,
    superuser: false,
    replication: true,
    memberOf: ["pg_create_subscription"] as const,
    password: cartsPassword,
  };
  const systemId = await server.create(
    { databaseName: "carts", owner: "carts", roles: [role] },
    soon(),
  );
  await startPrimary(server);
  const database = openCartsDatabase(address);
  await migrate(database, migrationsIn("carts"));
  await database.write("select cart_settle($1)", [region]);
  return { server, systemId, database };
}

/** As the cart service opens it, at a server or a gateway. */
export function openCartsDatabase({ host, port }: Address): Database {
  const user = `carts:${encodeURIComponent(cartsPassword.reveal())}`;
  return openDatabase({
    url: `postgres://${user}@${host}:${port}/carts`,
    manner: "gateway",
    isLocal: true,
  });
}

async function newSide(
  scratch: Scratch,
  region: RegionName,
  at: Readonly<Record<RegionName, Address>>,
): Promise<Side> {
  const address = at[region];
  const { server, systemId, database } = await newCartsDatabase(scratch, region, address);
  const other = region === "us-east-1" ? "us-west-2" : "us-east-1";
  const listen = drawAddress();
  const passFile = join(scratch.directory, `${region}.pgpass`);
  const quoted = cartsPassword.reveal().replaceAll("\\", "\\\\").replaceAll(":", "\\:");
  await writeFile(passFile, `${listen.host}:${listen.port}:carts:carts:${quoted}\n`, {
    mode: 0o600,
  });
  return new Side({
    region,
    address,
    systemId,
    server,
    database,
    way: await TcpProxy.open(listen, at[other]),
    passFile,
    peer: { region: other, listen },
  });
}

/** A connection of its own, for what has to be one transaction. */
export async function withClient<T>(
  side: Side,
  work: (client: pg.Client) => Promise<T>,
): Promise<T> {
  const client = new pg.Client({
    ...side.address,
    user: "carts",
    password: cartsPassword.reveal(),
    database: "carts",
    connectionTimeoutMillis: 2_000,
  });
  client.on("error", () => undefined);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}
