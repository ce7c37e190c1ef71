/** A world whose writer moves under a client: two Regions that take turns at being the primary. */
import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import type { ApiStatus } from "../src/api/api.ts";
import type { DatabaseId, RegionId } from "../src/model/region.ts";
import { superuser } from "../src/postgres/configuration.ts";
import { withBenchWorld, type BenchWorld } from "./bench-world.ts";
import { rowsNotInWal, type Row } from "./evidence-search.ts";
import { WriteClientProcess } from "./write-client-process.ts";

const database = "orders";
/** 2 min: a Region that comes back may have to be cloned. */
const healthyBoundMs = 120_000;
const lookEveryMs = 100;
/** 1 s: the lag is measured each second, and an operation wants to know it. */
const settleMs = 1_000;

export type Policy = { readonly failover: "manual" | "automatic" };

export type Turn = {
  readonly from: string;
  readonly to: string;
  /** The addresses of the servers there. */
  readonly fromHost: string;
  readonly toHost: string;
};

export class MovingWorld {
  readonly world: BenchWorld;
  readonly client: WriteClientProcess;

  private constructor(world: BenchWorld, client: WriteClientProcess) {
    this.world = world;
    this.client = client;
  }

  /** The example: 60 ms between the Regions and to the controller. All of it is gone when `work` has ended. */
  static async with<T>(policy: Policy, work: (moving: MovingWorld) => Promise<T>): Promise<T> {
    return withBenchWorld(
      async (world) => {
        await world.run("up", "--detach");
        const client = await startClient(world);
        try {
          return await work(new MovingWorld(world, client));
        } finally {
          await client.close();
        }
      },
      (yaml) => yaml.replaceAll(/^ {4}kind: global$/gm, globalWith(policy)),
    );
  }

  /** Waits until the secondary streams and serves; it is the next writer. */
  async nextTurn(): Promise<Turn> {
    const status = await this.untilHealthy();
    const { region: from, address: fromHost } = status.databases[database]?.writer ?? {};
    const members = Object.entries(status.databases[database]?.members ?? {});
    const other = members.find(([region]) => region !== from);
    const toHost = other?.[1].instances[0]?.address;
    if (from === undefined || fromHost === undefined || !other || toHost === undefined) {
      throw new Error(`${database} has no two Regions`);
    }
    await sleep(settleMs);
    return { from, to: other[0], fromHost, toHost };
  }

  /** The superuser's connection to a server. */
  place(host: string): pg.ClientConfig {
    const password = this.world.secrets().databases[database]?.superuser.reveal();
    return { host, port: 5432, user: superuser, password, database: "postgres" };
  }

  /** Those of `rows` that are in no evidence of a Region. Only when it has come back: then its data are set aside. */
  notInEvidence(region: string, rows: readonly Row[]): readonly Row[] {
    const evidence = join(this.#instanceDirectory(region), "evidence");
    const names = existsSync(evidence) ? readdirSync(evidence) : [];
    return rowsNotInWal(
      names.map((name) => join(evidence, name, "data")),
      rows,
    );
  }

  /** A clone comes in a directory of its own: its number tells whether the data are still the same. */
  dataInode(region: string): number {
    return statSync(join(this.#instanceDirectory(region), "data")).ino;
  }

  #instanceDirectory(region: string): string {
    return this.world.layout.instance(region as RegionId, database as DatabaseId, 1);
  }

  /** Every server serves, and the secondary streams, as the writer itself says. */
  async untilHealthy(): Promise<ApiStatus> {
    const signal = AbortSignal.timeout(healthyBoundMs);
    const api = this.world.api();
    try {
      for (;;) {
        const status = await api.status(signal).catch(() => undefined);
        if (status && isHealthy(status) && (await this.#isFollowed(status))) return status;
        await sleep(lookEveryMs, undefined, { signal });
      }
    } finally {
      api.close();
    }
  }

  async #isFollowed(status: ApiStatus): Promise<boolean> {
    const writer = status.databases[database]?.writer?.address ?? "";
    const client = new pg.Client(this.place(writer));
    client.on("error", () => undefined);
    try {
      await client.connect();
      const look = "SELECT FROM pg_stat_replication WHERE state = 'streaming'";
      return (await client.query(look)).rowCount === 1;
    } catch {
      return false;
    } finally {
      await client.end().catch(() => undefined);
    }
  }
}

function globalWith({ failover }: Policy): string {
  const fields = ["kind: global", `failover: ${failover}`, "rejoin: automatic"];
  // A run follows on another one within seconds.
  if (failover === "automatic") fields.push("failoverPauseMs: 0");
  return fields.map((field) => `    ${field}`).join("\n");
}

function isHealthy({ isReady, databases }: ApiStatus): boolean {
  const { members = {}, writer } = databases[database] ?? {};
  return isReady && !!writer && Object.values(members).every(({ state }) => state === "serving");
}

async function startClient(world: BenchWorld): Promise<WriteClientProcess> {
  const api = world.api();
  const signal = AbortSignal.timeout(healthyBoundMs);
  const status = await api.status(signal).finally(() => api.close());
  const members = Object.values(status.databases[database]?.members ?? {});
  const hosts = members.flatMap(({ instances }) =>
    instances.map(({ address: host, port }) => ({ host, port })),
  );
  const password = world.secrets().databases[database]?.roles["app"]?.reveal() ?? "";
  return WriteClientProcess.start({ hosts, database, user: "app", password });
}
