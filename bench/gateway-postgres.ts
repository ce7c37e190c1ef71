/** A primary and a standby that the proxies stand in front of, with the tables of pgbench. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import {
  appPassword,
  drawAddress,
  eventually,
  Scratch,
  sql,
  startPrimary,
  superuserPassword,
  upstreamAt,
} from "../test/postgres/scratch.ts";
import type { Address } from "../src/model/address.ts";
import type { SystemId } from "../src/model/region.ts";
import type { PostgresServer } from "../src/postgres/server.ts";

export const databaseName = "orders";
export const user = "app";
export const password = appPassword;
export { superuserPassword };

/** 1,000,000 rows, 150 MB: in memory, and more than any processor's cache. */
const scale = 10;
const boundMs = 120_000;
const slot = "leeward_b_1";

export type BenchPostgres = {
  readonly scratch: Scratch;
  readonly systemId: SystemId;
  readonly version: string;
  readonly primary: Address;
  readonly standby: Address;
  /** The standby's own, for delays. */
  readonly standbyServer: PostgresServer;
  end(): Promise<void>;
};

/** @param pgbench fills the tables; undefined leaves them out */
export async function startPostgres(pgbench: string | undefined): Promise<BenchPostgres> {
  const scratch = await Scratch.open();
  try {
    const [primary, standby] = [drawAddress(), drawAddress()];
    const writer = scratch.server("primary", primary);
    const bound = (): AbortSignal => AbortSignal.timeout(boundMs);
    const spec = {
      databaseName,
      owner: user,
      roles: [
        { name: user, login: true, superuser: false, replication: false, memberOf: [], password },
      ],
    };
    const systemId = await writer.create(spec, bound());
    await startPrimary(writer);
    await writer.ensureSlots([slot], bound());
    const standbyServer = scratch.server("standby", standby);
    const upstream = upstreamAt(primary, slot);
    await standbyServer.clone(upstream, systemId, () => undefined, bound());
    await standbyServer.start({ kind: "secondary", upstream }, bound());
    if (pgbench !== undefined) await fill(pgbench, primary);
    await untilSame(primary, standby);
    const { version } = scratch.installation;
    const end = (): Promise<void> => scratch[Symbol.asyncDispose]();
    return { scratch, systemId, version, primary, standby, standbyServer, end };
  } catch (error) {
    await scratch[Symbol.asyncDispose]();
    throw error;
  }
}

async function fill(pgbench: string, primary: Address): Promise<void> {
  const where = ["-h", primary.host, "-p", String(primary.port), "-U", user];
  const words = ["-i", "-q", "-s", String(scale), ...where, databaseName];
  const env = { ...process.env, PGPASSWORD: password.reveal() };
  await promisify(execFile)(pgbench, words, { env, timeout: boundMs });
}

async function untilSame(primary: Address, standby: Address): Promise<void> {
  const position = "SELECT pg_current_wal_flush_lsn()::text AS lsn";
  const [row] = await sql(primary, position);
  const reached = `SELECT pg_last_wal_replay_lsn() >= '${String(row?.["lsn"])}' AS reached`;
  await eventually("the standby has everything", async () => {
    const [seen] = await sql(standby, reached);
    return seen?.["reached"] === true;
  });
}
