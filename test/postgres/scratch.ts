/** Real PostgreSQL instances for a test: own directories, own addresses, nothing left behind. */
import { randomBytes } from "node:crypto";
import { mkdir, mkdtemp, chmod } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import type { Clock, Log, Random } from "../../src/env/env.ts";
import { removeTree } from "../../src/env/node/remove-tree.ts";
import type { Address } from "../../src/model/address.ts";
import { findInstallation, type Installation } from "../../src/postgres/installation.ts";
import { observeRunAs } from "../../src/postgres/observe-run-as.ts";
import type { CreateSpec, Upstream } from "../../src/postgres/postgres.ts";
import { decideRunAs, type RunAs } from "../../src/postgres/run-as.ts";
import { PostgresServer, type PostgresServerOptions } from "../../src/postgres/server.ts";
import { Secret } from "../../src/std/secret.ts";

export const clock: Clock = {
  monotonicMs: () => performance.now(),
  wallMs: () => Date.now(),
  sleep: (ms, signal) => sleep(ms, undefined, { signal }),
};

export const random: Random = {
  float: () => Math.random(),
  hex: (bytes) => randomBytes(bytes).toString("hex"),
};

export const silent: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => silent,
};

/** Longer than any test; a hang ends with the name of what it waited for. */
export function soon(): AbortSignal {
  return AbortSignal.timeout(50_000);
}

export const superuserPassword = new Secret("super-secret-of-the-test");
export const replicatorPassword = new Secret("replicator-secret:of\\the-test");
export const appPassword = new Secret("app-secret");

export const spec: CreateSpec = {
  databaseName: "orders",
  owner: "app",
  roles: [
    {
      name: "app",
      login: true,
      superuser: false,
      replication: false,
      memberOf: [],
      password: appPassword,
    },
  ],
};

/** In Linux any address of 127.0.0.0/8 is there; two programs of one test run never draw the same. */
let drawn = 0;
export function drawAddress(): Address {
  drawn += 1;
  const host = `127.${200 + (process.pid % 50)}.${(process.pid >> 6) % 250}.${drawn + 1}`;
  return { host, port: 5432 };
}

export class Scratch {
  readonly directory: string;
  readonly installation: Installation;
  readonly runAs: RunAs;
  readonly #servers: PostgresServer[] = [];

  private constructor(directory: string, installation: Installation, runAs: RunAs) {
    this.directory = directory;
    this.installation = installation;
    this.runAs = runAs;
  }

  static async open(): Promise<Scratch> {
    const directory = await mkdtemp(join(tmpdir(), "leeward-postgres-"));
    await chmod(directory, 0o711);
    // The whole suite runs on another PostgreSQL as well.
    const bin = process.env["LEEWARD_PG_BIN"];
    const installation = await findInstallation(bin, clock, soon());
    const runAs = decideRunAs(await observeRunAs(installation, directory, clock, soon()));
    return new Scratch(directory, installation, runAs);
  }

  server(
    name: string,
    address: Address,
    more: Partial<PostgresServerOptions> = {},
  ): PostgresServer {
    const server = new PostgresServer({
      directory: join(this.directory, name),
      address,
      installation: this.installation,
      runAs: this.runAs,
      passwords: { superuser: superuserPassword, replicator: replicatorPassword },
      allowFrom: ["127.0.0.0/8"],
      clock,
      random,
      log: silent,
      ...more,
    });
    this.#servers.push(server);
    return server;
  }

  async makeDirectory(name: string): Promise<string> {
    const path = join(this.directory, name);
    await mkdir(path, { recursive: true, mode: 0o711 });
    return path;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const server of this.#servers) {
      await server.adopt(soon()).catch(() => false);
      await server.stop("immediate", soon());
      server.close();
    }
    removeTree(this.directory);
  }
}

/** Starts it as the primary, and lets writes in. */
export async function startPrimary(server: PostgresServer): Promise<void> {
  await server.start({ kind: "primary" }, soon());
  await server.openWrites({ epoch: 1, operation: "test" }, soon());
}

/** Says how long it took, for the one who reads the output of a test. */
export async function timed<T>(what: string, work: Promise<T>): Promise<T> {
  const startedMs = performance.now();
  const result = await work;
  console.log(`${what}: ${(performance.now() - startedMs).toFixed(1)} ms`);
  return result;
}

export function upstreamAt(address: Address, slot = "leeward_b_1"): Upstream {
  return { address, slot, applicationName: "orders/b/1" };
}

/** One statement as the application's owner, on its database. */
export async function sql(
  address: Address,
  text: string,
  login: { readonly user?: string; readonly password?: Secret; readonly database?: string } = {},
): Promise<readonly Record<string, unknown>[]> {
  const client = new pg.Client({
    ...address,
    user: login.user ?? "app",
    password: (login.password ?? appPassword).reveal(),
    database: login.database ?? "orders",
    connectionTimeoutMillis: 5000,
  });
  client.on("error", () => undefined);
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(text)).rows;
  } finally {
    await client.end();
  }
}

/** Settles once `holds` answers true. */
export async function eventually(
  what: string,
  holds: () => Promise<boolean>,
  withinMs = 20_000,
): Promise<void> {
  const deadlineMs = performance.now() + withinMs;
  while (!(await holds())) {
    if (performance.now() > deadlineMs) throw new Error(`not within ${withinMs} ms: ${what}`);
    await sleep(20);
  }
}
