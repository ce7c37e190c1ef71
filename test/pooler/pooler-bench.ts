/** A real PgBouncer in front of two real PostgreSQL servers that stand for the gateways of two Regions. */
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import { homedir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import type { NewEvent } from "../../src/model/event.ts";
import type { Address } from "../../src/model/address.ts";
import type { DatabaseId, RegionId } from "../../src/model/region.ts";
import { consoleUser } from "../../src/pooler/ini.ts";
import type { Program } from "../../src/pooler/launch.ts";
import { Pooler, type PoolerDoors } from "../../src/pooler/pooler.ts";
import type { Writer } from "../../src/pooler/wanted.ts";
import { observeProgram } from "../../src/postgres/observe-run-as.ts";
import { decideRunAs, runAsPrefix } from "../../src/postgres/run-as.ts";
import { findProgram, packageCacheDirectory } from "../../src/service/debian-packages.ts";
import { Secret } from "../../src/std/secret.ts";
import {
  appPassword,
  clock,
  drawAddress,
  eventually,
  random,
  Scratch,
  silent,
  soon,
  spec,
  sql,
  startPrimary,
  superuserPassword,
} from "../postgres/scratch.ts";

export const east = "us-east-1" as RegionId;
export const west = "us-west-2" as RegionId;
export const orders = "orders" as DatabaseId;

const adminPassword = new Secret('console "secret"');

export function writerIn(writer: RegionId | undefined, isOpen = true): readonly Writer[] {
  return [{ database: orders, writer, isOpen }];
}

/** Undefined where there is none to be had: its tests cannot run. */
export async function findPgbouncer(): Promise<Program | undefined> {
  const user = {
    home: homedir(),
    xdgCacheHome: process.env["XDG_CACHE_HOME"],
    isRoot: process.getuid?.() === 0,
  };
  const cacheDirectory = packageCacheDirectory(user);
  const doors = { clock, log: silent, random, cacheDirectory, searchPath: "/usr/bin:/bin" };
  return findProgram("pgbouncer", doors, soon()).catch((error: unknown) => {
    console.warn(`SKIPPED: the tests with a real PgBouncer. ${String(error)}`);
    return undefined;
  });
}

/** Two servers with the databases `orders-rw` and `orders-ro`; a table `place` in each says where one is. */
export class TwoGateways {
  readonly scratch: Scratch;
  readonly east = drawAddress();
  readonly west = drawAddress();

  private constructor(scratch: Scratch) {
    this.scratch = scratch;
  }

  static async open(): Promise<TwoGateways> {
    const gateways = new TwoGateways(await Scratch.open());
    for (const region of ["east", "west"] as const) {
      const address = gateways[region];
      const server = gateways.scratch.server(region, address);
      await server.create(spec, soon());
      await startPrimary(server);
      const superuser = { user: "leeward", password: superuserPassword };
      for (const name of ["orders-rw", "orders-ro"]) {
        await sql(address, `CREATE DATABASE "${name}" OWNER app`, superuser);
        const text = `CREATE TABLE place AS SELECT '${region}'::text AS name; CREATE TABLE t (n int)`;
        await sql(address, text, { database: name });
      }
    }
    return gateways;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.scratch[Symbol.asyncDispose]();
  }
}

type BenchOptions = {
  readonly pauseMs?: number;
  readonly bin?: string;
  /** Where the gateway in the west is reached. */
  readonly westAt?: Address;
};

export class PoolerBench {
  readonly address: Address = { host: drawAddress().host, port: 6432 };
  readonly events: NewEvent[] = [];
  readonly directory: string;
  readonly #gateways: TwoGateways;
  readonly #program: Program;
  readonly #options: BenchOptions;
  readonly #poolers: { readonly pooler: Pooler; readonly end: AbortController }[] = [];
  readonly #clients: pg.Client[] = [];

  constructor(gateways: TwoGateways, program: Program, options: BenchOptions = {}) {
    this.#gateways = gateways;
    this.#program = program;
    this.#options = options;
    this.directory = join(gateways.scratch.directory, `pgbouncer-${randomUUID()}`);
  }

  /** As an agent has it, which ends when `end` aborts. */
  agent(): { readonly pooler: Pooler; readonly end: AbortController } {
    const { pauseMs = 2_000, westAt = this.#gateways.west } = this.#options;
    const doors: PoolerDoors = {
      clock,
      log: silent,
      findProgram: async () => this.#program,
      unprivileged: async (path, directory, signal) => {
        const runAs = decideRunAs(await observeProgram(path, directory, clock, signal));
        const owner = runAs.kind === "other-user" ? runAs.user : undefined;
        return { prefix: runAsPrefix(runAs), owner };
      },
    };
    const settings = {
      region: east,
      address: this.address,
      bin: this.#options.bin,
      directory: this.directory,
      names: [
        { name: "gdbdemo", database: orders, mode: "writer" as const },
        { name: "gdbdemo-ro", database: orders, mode: "local" as const },
      ],
      gateways: [
        { region: east, address: this.#gateways.east },
        { region: west, address: westAt },
      ],
      users: [{ name: "app", password: appPassword }],
      adminPassword,
      clientsMax: 200,
      poolSize: 5,
      pauseMs,
    };
    const hooks = {
      changed: () => undefined,
      tell: (event: NewEvent) => void this.events.push(event),
    };
    const one = { pooler: new Pooler(doors, settings, hooks), end: new AbortController() };
    this.#poolers.push(one);
    return one;
  }

  /** Runs it, and settles when it is in step with the writer there. */
  async start(writer = east): Promise<Pooler> {
    const { pooler, end } = this.agent();
    pooler.follow(writerIn(writer));
    void pooler.run(end.signal);
    await this.inStep(pooler);
    return pooler;
  }

  async inStep(pooler: Pooler): Promise<void> {
    await eventually("it is in step", async () => pooler.facts().isInStep, 15_000);
  }

  async move(pooler: Pooler, to: RegionId): Promise<void> {
    pooler.follow(writerIn(to));
    const host =
      to === east ? this.#gateways.east.host : (this.#options.westAt ?? this.#gateways.west).host;
    await eventually(
      `it leads to ${to}`,
      async () => pooler.facts().isInStep && pooler.facts().databases[0]?.host === host,
      15_000,
    );
  }

  /** A client that stays, with its errors left to whoever asks. */
  async client(database = "gdbdemo"): Promise<pg.Client> {
    const client = new pg.Client({
      ...this.address,
      user: "app",
      password: appPassword.reveal(),
      database,
      connectionTimeoutMillis: 10_000,
    });
    client.on("error", () => undefined);
    this.#clients.push(client);
    await client.connect();
    return client;
  }

  async console(text: string): Promise<readonly Record<string, unknown>[]> {
    return sql(this.address, text, {
      user: consoleUser,
      password: adminPassword,
      database: "pgbouncer",
    });
  }

  async isPaused(): Promise<boolean> {
    const rows = await this.console("SHOW DATABASES");
    return rows.some(({ paused }) => Number(paused) === 1);
  }

  /** Hosts of the servers that `gdbdemo` is connected to. */
  async serverHosts(): Promise<readonly unknown[]> {
    const rows = await this.console("SHOW SERVERS");
    const own = rows.filter(({ database }) => database === "gdbdemo").map(({ addr }) => addr);
    return [...new Set(own)];
  }

  ini(): string {
    return readFileSync(join(this.directory, "pgbouncer.ini"), "utf8");
  }

  get pid(): number {
    const text = readFileSync(join(this.directory, "pgbouncer-process.json"), "utf8");
    return (JSON.parse(text) as { pid: number }).pid;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) await client.end().catch(() => undefined);
    for (const { pooler, end } of this.#poolers) {
      end.abort();
      await pooler.leave(soon());
    }
  }
}

/** Clients with short transactions, as pgbench has them, until they are told to end. */
export class Load {
  done = 0;
  readonly errors: string[] = [];
  longestMs = 0;
  readonly #bench: PoolerBench;
  readonly #ends: readonly Promise<void>[];
  #isOver = false;

  /** @param staying clients that keep their connection; `coming` ones make a new one for each transaction. */
  constructor(bench: PoolerBench, clients: { readonly staying: number; readonly coming: number }) {
    this.#bench = bench;
    const staying = Array.from({ length: clients.staying }, (_, index) => this.#stay(index));
    this.#ends = [...staying, ...Array.from({ length: clients.coming }, () => this.#come())];
  }

  async end(): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#ends);
  }

  async #stay(index: number): Promise<void> {
    const client = await this.#bench.client();
    await this.#repeat(async () => {
      if (index % 2 === 0) return void (await client.query("INSERT INTO t VALUES (1)"));
      await client.query("BEGIN");
      await client.query("INSERT INTO t VALUES (2)");
      await client.query("SELECT name FROM place");
      await client.query("COMMIT");
    });
  }

  async #come(): Promise<void> {
    await this.#repeat(async () => {
      const client = await this.#bench.client();
      await client.query("SELECT name FROM place");
      await client.end();
    });
  }

  async #repeat(work: () => Promise<void>): Promise<void> {
    while (!this.#isOver && this.errors.length < 20) {
      const startedMs = performance.now();
      try {
        await work();
        this.done += 1;
      } catch (error) {
        this.errors.push(String(error));
      }
      this.longestMs = Math.max(this.longestMs, performance.now() - startedMs);
    }
  }
}

/** A link's near end: it takes what it is given, also when nothing goes through any more. */
export class NearEnd {
  readonly address: Address = drawAddress();
  #isCut = false;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(target: Address) {
    this.#server = createServer((near) => {
      this.#sockets.add(near.on("error", () => undefined));
      if (this.#isCut) return void near.resume();
      const far = connect(target.port, target.host).on("error", () => undefined);
      this.#sockets.add(far);
      near.on("data", (bytes) => this.#isCut || far.write(bytes)).on("close", () => far.destroy());
      far
        .on("data", (bytes) => this.#isCut || near.write(bytes))
        .on("close", () => this.#isCut || near.destroy());
    });
  }

  static async open(target: Address): Promise<NearEnd> {
    const end = new NearEnd(target);
    await new Promise<void>((resolve) => {
      end.#server.listen(end.address.port, end.address.host, resolve);
    });
    return end;
  }

  cut(): void {
    this.#isCut = true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((resolve) => void this.#server.close(() => resolve()));
  }
}
