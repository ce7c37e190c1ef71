/**
 * Two Regions for a test, in this process: a real writer and a real standby, and a gateway in each Region, which reach
 * each other through a real link. The agent's part, which says where the writer is, is played by the test.
 */
import pg from "pg";
import { nodeClock } from "../../src/env/node/clock.ts";
import { NodeByteSockets } from "../../src/env/node/byte-sockets.ts";
import { nodeRandom } from "../../src/env/node/random.ts";
import { Gateway } from "../../src/gateway/gateway.ts";
import { TcpLinks } from "../../src/link/tcp-links.ts";
import type { Address } from "../../src/model/address.ts";
import { newestTimeline, type Fork } from "../../src/model/fork.ts";
import type { GatewayLimits } from "../../src/model/gateway.ts";
import type { DatabaseId, Epoch, RegionId, SystemId } from "../../src/model/region.ts";
import type { PostgresServer, PostgresServerOptions } from "../../src/postgres/server.ts";
import { openStatementBook } from "../../src/sql/open-book.ts";
import { Secret } from "../../src/std/secret.ts";
import type { Hold, Route } from "../../src/wire/gateway-protocol.ts";
import type { GatewaySettings } from "../../src/wire/program-settings.ts";
import {
  appPassword,
  clock,
  drawAddress,
  eventually,
  Scratch,
  silent,
  soon,
  spec,
  startPrimary,
  superuserPassword,
  upstreamAt,
} from "../postgres/scratch.ts";

export const east = "us-east-1" as RegionId;
export const west = "us-west-2" as RegionId;
export const orders = "orders" as DatabaseId;

export type HoldOutcome = {
  readonly id: string;
  readonly isHeld: boolean;
  readonly because: string;
};

export const limits: GatewayLimits = {
  clientsMax: 10_000,
  poolSize: 20,
  serverConnectionsMax: 60,
  heldUnitsMax: 10_000,
  heldBytesMax: 67_108_864,
  holdMs: 15_000,
  drainMs: 2_000,
  consistencyTimeoutMs: 500,
  idleInTransactionMs: 60_000,
  slowClientMs: 5_000,
  cancelMs: 10_000,
  loginMs: 10_000,
  preparedStatementsMax: 5_000,
  preparedPerServerMax: 200,
  preparedPerClientMax: 1_000,
  unitBytesMax: 1_048_576,
  frameBytesMax: 268_435_456,
  requestBytesMax: 536_870_912,
};

export type Options = {
  /** Round trip of the link between the two Regions. */
  readonly rttMs?: number;
  readonly limits?: Partial<GatewayLimits>;
  readonly tls?: GatewaySettings["tls"];
  readonly commitCertainty?: boolean;
  /** Of both PostgreSQL servers. */
  readonly own?: PostgresServerOptions["settings"];
  /** Of the database, and of its roles. */
  readonly consistency?: Pick<GatewaySettings["databases"][number], "consistency" | "roles">;
};

type Place = {
  readonly region: RegionId;
  readonly server: PostgresServer;
  readonly instance: Address;
  readonly listen: Address;
  /** The other Region's gateway as this one reaches it. */
  readonly peer: Address;
  readonly gateway: Gateway;
  readonly end: AbortController;
  readonly running: Promise<void>;
};

export class TwoRegions implements AsyncDisposable {
  readonly scratch: Scratch;
  readonly systemId: SystemId;
  readonly links: TcpLinks;
  readonly outcomes: HoldOutcome[] = [];
  writer: RegionId = east;
  epoch = 1 as Epoch;
  leaseMs = 3_600_000;
  hold: Hold | undefined;
  /** As the store would have them. */
  forks: readonly Fork[] = [];
  /** An instance that is known to answer nothing. */
  down: RegionId | undefined;
  /** Regions whose gateways have not heard of the last move, with the writer that they know. */
  readonly behind = new Map<RegionId, RegionId>();
  readonly #places: Map<RegionId, Place>;

  private constructor(
    scratch: Scratch,
    systemId: SystemId,
    links: TcpLinks,
    places: Map<RegionId, Place>,
  ) {
    this.scratch = scratch;
    this.systemId = systemId;
    this.links = links;
    this.#places = places;
  }

  static async open(options: Options = {}): Promise<TwoRegions> {
    const scratch = await Scratch.open();
    const [eastInstance, westInstance] = [drawAddress(), drawAddress()];
    const own = options.own ? { settings: options.own } : {};
    const [eastServer, westServer] = [
      scratch.server("east", eastInstance, own),
      scratch.server("west", westInstance, own),
    ];
    const systemId = await eastServer.create(spec, soon());
    await startPrimary(eastServer);
    await eastServer.ensureSlots(["leeward_b_1"], soon());
    await westServer.clone(upstreamAt(eastInstance), systemId, () => undefined, soon());
    await westServer.start({ kind: "secondary", upstream: upstreamAt(eastInstance) }, soon());
    await eventually("it streams", async () => (await westServer.status(soon())).isStreaming);
    const at = (): Address => ({ ...drawAddress(), port: 6432 });
    const listen = { [east]: at(), [west]: at() };
    const peer = { [east]: at(), [west]: at() };
    const links = new TcpLinks({ clock: nodeClock, log: silent, random: nodeRandom });
    const places = new Map<RegionId, Place>();
    const world = new TwoRegions(scratch, systemId, links, places);
    const route = (from: RegionId, to: RegionId): Parameters<TcpLinks["apply"]>[0][number] => ({
      from,
      to,
      flowClass: "data",
      listen: peer[from] as Address,
      target: listen[to] as Address,
      sourceHost: undefined,
    });
    const conditions = {
      delayMs: (options.rttMs ?? 0) / 2,
      jitterMs: 0,
      bandwidthBitsPerSecond: undefined,
      isUp: true,
    };
    await links.apply(
      [route(east, west), route(west, east)],
      [
        { from: east, to: west, conditions },
        { from: west, to: east, conditions },
      ],
    );
    for (const region of [east, west]) {
      const other = region === east ? west : east;
      const end = new AbortController();
      const settings: GatewaySettings = {
        logLevel: "error",
        region,
        listen: listen[region] as Address,
        agent: { address: at(), token: new Secret("token-of-the-test") },
        peers: [{ region: other, address: peer[region] as Address }],
        adminUser: "leeward",
        adminPassword: superuserPassword,
        databases: [
          {
            database: orders,
            kind: "global",
            consistency: "session",
            superuserPassword,
            roles: [],
            ...options.consistency,
          },
        ],
        names: [
          { name: "orders", database: orders, mode: "forward" },
          { name: "orders-ro", database: orders, mode: "local" },
          { name: "orders-rw", database: orders, mode: "writer" },
        ],
        limits: { ...limits, ...options.limits },
        commitCertainty: options.commitCertainty ?? false,
        tls: options.tls,
      };
      const gateway = await Gateway.open(
        settings,
        {
          clock,
          log: silent,
          random: nodeRandom,
          sockets: new NodeByteSockets({ clock: nodeClock, onAcceptError: () => undefined }),
          openBook: () => openStatementBook({ clock: nodeClock, log: silent }),
          tell: ({ id, isHeld, because }) => world.outcomes.push({ id, isHeld, because }),
        },
        end.signal,
      );
      await gateway.listen();
      places.set(region, {
        region,
        server: region === east ? eastServer : westServer,
        instance: region === east ? eastInstance : westInstance,
        listen: listen[region] as Address,
        peer: peer[region] as Address,
        gateway,
        end,
        running: gateway.run(),
      });
    }
    world.tell();
    return world;
  }

  place(region: RegionId): Place {
    const place = this.#places.get(region);
    if (!place) throw new Error(`there is no ${region}`);
    return place;
  }

  /** What the agents would say now. */
  tell(): void {
    for (const region of this.#places.keys())
      this.place(region).gateway.follow([this.#route(region)]);
  }

  /** Logs in at a Region's gateway. */
  async client(region: RegionId, config: pg.ClientConfig = {}): Promise<pg.Client> {
    const client = new pg.Client({
      ...this.place(region).listen,
      user: "app",
      password: appPassword.reveal(),
      database: "orders",
      connectionTimeoutMillis: 10_000,
      ...config,
    });
    client.on("error", () => undefined);
    await client.connect();
    return client;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { end, running } of this.#places.values()) {
      end.abort(new Error("the test is over"));
      await running;
    }
    await this.links.close();
    await this.scratch[Symbol.asyncDispose]();
  }

  #route(region: RegionId): Route {
    const known = this.behind.get(region);
    const writer = known ?? this.writer;
    const isHere = region === writer;
    return {
      database: orders,
      systemId: this.systemId,
      epoch: known === undefined ? this.epoch : ((this.epoch - 1) as Epoch),
      writer,
      acceptsWrites: true,
      leaseUntilMs: isHere ? clock.monotonicMs() + this.leaseMs : 0,
      timeline: newestTimeline(this.forks),
      instances: [
        { number: 1, address: this.place(region).instance, isServing: region !== this.down },
      ],
      forks: [...this.forks],
      hold: isHere ? this.hold : undefined,
    };
  }
}
