/**
 * How the services reach their databases, in two manners that `DATABASE_MANNER` chooses between.
 *
 *   gateway     one name. Reads are answered in the Region, writes go to the writer, and a token makes a read see what
 *               its person wrote, whichever connection, replica or Region it comes to.
 *   pgbouncer   two names: one for the writer, one for reads in the Region, which know nothing of each other. So whoever
 *               has just written is read for at the writer.
 *
 * What a person has to see travels as `seen` through headers and the session's cookie. It is opaque to everybody else.
 */
import pg from "pg";
import { setTimeout as sleep } from "node:timers/promises";
import type { Manner } from "./environment.ts";
import { Unavailable } from "./refusal.ts";
import type { Visit } from "./servers.ts";
import { canBeRepeated, isInvalidValue, isOfStatement, isTokenLost } from "./database-errors.ts";

export type DatabaseAnswer<T> = {
  readonly rows: readonly T[];
  /** Which PostgreSQL, where the query selects `host(inet_server_addr()) as served_by`, and how long it took in all. */
  readonly from: Visit;
  /**
   * What the session has to see from now on; undefined after a read that changes nothing of it. Empty: nothing any more,
   * because what it had seen did not survive a failover.
   */
  readonly seen: string | undefined;
};

export type ReadOptions = {
  /** Given up after that, and the connection with it. */
  readonly msMax?: number;
};

export type WriteOptions = ReadOptions & {
  /** Doing it twice is as doing it once: then it is repeated when nobody can say whether it was done. */
  readonly isRepeatable?: boolean;
};

export type WhereAmI = { readonly reader: string; readonly writer: string };

export interface Database {
  /** @throws Unavailable when nobody answers in time; pg's own errors for what PostgreSQL refuses */
  read<T>(
    sql: string,
    values: readonly unknown[],
    seen?: string,
    options?: ReadOptions,
  ): Promise<DatabaseAnswer<T>>;
  /** One statement. @throws as `read` */
  write<T>(
    sql: string,
    values: readonly unknown[],
    options?: WriteOptions,
  ): Promise<DatabaseAnswer<T>>;
  /** Several statements on the writer, one transaction; for migrations. */
  transaction<T>(work: (client: pg.ClientBase) => Promise<T>): Promise<T>;
  /** Which PostgreSQL reads come from, and which one writes go to. */
  whereami(): Promise<WhereAmI>;
  close(): Promise<void>;
}

export type DatabaseParts = {
  /** As Leeward says it: `ORDERS_URL`. */
  readonly url: string;
  readonly manner: Manner;
  /** `LEEWARD_PGBOUNCER`. */
  readonly pgbouncer?: string | undefined;
  /** The two names at PgBouncer. */
  readonly names?: { readonly writer: string; readonly reader: string };
  /** An independent database in each Region: what was written is there for all who read. */
  readonly isLocal?: boolean;
  /** Connections of each pool; more requests wait in line. */
  readonly connectionsMax?: number;
};

/** 20 s: a writer that moves is waited for; Leeward's own bound is 15 s. */
const writeMsMax = 20_000;

/** 5 s: a reader that is lost is replaced by another Region long before. */
const readMsMax = 5_000;

/** Between two attempts: 20 ms, doubled each time up to 500 ms. */
const pauseMs = { first: 20, most: 500 };

/** 10 s: so long after a write of its own a session is read for at the writer, in manner `pgbouncer`. */
const wroteLatelyMs = 10_000;

type Pools = { readonly reader: pg.Pool; readonly writer: pg.Pool };

/** Opens no connection yet. */
export function openDatabase(parts: DatabaseParts): Database {
  const pools = openPools(parts);
  const usesTokens = parts.manner === "gateway" && parts.isLocal !== true;
  // Planning is half of what a short read costs. PgBouncer, as Debian has it, knows no statement by name.
  const prepares = parts.manner === "gateway";
  return {
    read: (sql, values, seen, { msMax } = {}) =>
      repeated({ msMax: msMax ?? readMsMax, isRepeatable: true }, async (attempt) => {
        const name = prepares ? nameOf(sql) : undefined;
        const query = { text: sql, values, name, query_timeout: msMax };
        if (seen === undefined || seen === nothingSeen) return await askOne(pools.reader, query);
        if (!usesTokens) {
          return await askOne(wroteLately(seen) ? pools.writer : pools.reader, query);
        }
        if (!attempt.isTokenLost) return await askAfter(pools.reader, seen, query);
        // The session's own writes did not survive a failover: said once, and then it goes on with what is there.
        return { ...(await askOne(pools.reader, query)), seen: nothingSeen };
      }),
    write: (sql, values, { isRepeatable = false, msMax } = {}) =>
      repeated({ msMax: msMax ?? writeMsMax, isRepeatable }, async () => {
        const query = { text: sql, values, query_timeout: msMax };
        if (usesTokens) return await askAndNote(pools.writer, query);
        const answer = await askOne(pools.writer, query);
        return { ...answer, seen: parts.isLocal ? undefined : `w${Date.now()}` };
      }),
    transaction: (work) => inTransaction(pools.writer, work),
    whereami: async () => {
      const where = "select host(inet_server_addr()) as served_by";
      const [reader, writer] = await Promise.all([
        askOne(pools.reader, { text: `/* leeward:local */ ${where}`, values: [] }),
        askOne(pools.writer, { text: `/* leeward:writer */ ${where}`, values: [] }),
      ]);
      return { reader: reader.from.address, writer: writer.from.address };
    },
    close: async () => {
      await Promise.all([...new Set([pools.reader, pools.writer])].map((pool) => pool.end()));
    },
  };
}

function openPools({
  url,
  manner,
  pgbouncer,
  names,
  isLocal,
  connectionsMax = 10,
}: DatabaseParts): Pools {
  const open = (connectionString: string, queryMsMax = writeMsMax): pg.Pool => {
    const pool = new pg.Pool({
      connectionString,
      max: connectionsMax,
      connectionTimeoutMillis: 5_000,
      idleTimeoutMillis: 30_000,
      query_timeout: queryMsMax,
      keepAlive: true,
    });
    // One that breaks while nobody uses it is made anew; without a listener it would end the process. Nor does the pool
    // listen to one that it has lent: it may break between two questions, and the next question says so.
    pool.on("error", () => undefined);
    pool.on("connect", (client) => client.on("error", () => undefined));
    return pool;
  };
  if (isLocal) {
    const pool = open(url);
    return { reader: pool, writer: pool };
  }
  // Apart from each other: writes that wait for a writer must not take the connections that reads go by.
  if (manner === "gateway") return { reader: open(url, readMsMax), writer: open(url) };
  if (!pgbouncer || !names) throw new Error("DATABASE_MANNER=pgbouncer needs LEEWARD_PGBOUNCER");
  const named = (name: string): string => {
    const { username } = new URL(url);
    return `postgres://${username}@${pgbouncer}/${name}`;
  };
  return { reader: open(named(names.reader), readMsMax), writer: open(named(names.writer)) };
}

/** What was seen before is forgotten. A header and a cookie that lack it would leave it as it was. */
const nothingSeen = "";

/** When a session wrote last, in manner `pgbouncer`. */
const wroteAt = /^w(\d{1,16})$/;

function wroteLately(seen: string): boolean {
  const wroteMs = Number(wroteAt.exec(seen)?.[1] ?? 0);
  return Date.now() - wroteMs < wroteLatelyMs;
}

type Query = {
  readonly text: string;
  readonly values: readonly unknown[];
  /** Prepared under it, once on each connection. */
  readonly name?: string | undefined;
  /** In ms; undefined: the pool's. */
  readonly query_timeout?: number | undefined;
};

/** Texts are constants of this program, so there are few. */
const names = new Map<string, string>();

function nameOf(text: string): string {
  const name = names.get(text) ?? `shop-${names.size + 1}`;
  names.set(text, name);
  return name;
}

type Row = Record<string, unknown> & { served_by?: string };

async function ask<T>(
  client: pg.ClientBase,
  { values, ...query }: Query,
): Promise<DatabaseAnswer<T>> {
  const startedMs = performance.now();
  const { rows } = await client.query<Row>({ ...query, values: [...values] });
  const address = rows[0]?.served_by ?? "";
  for (const row of rows) delete row.served_by;
  return {
    rows: rows as readonly T[],
    from: { address, ms: performance.now() - startedMs },
    seen: undefined,
  };
}

function askOne<T = never>(pool: pg.Pool, query: Query): Promise<DatabaseAnswer<T>> {
  return withClient(pool, (client) => ask<T>(client, query));
}

async function askAfter<T>(pool: pg.Pool, seen: string, query: Query): Promise<DatabaseAnswer<T>> {
  const work = async (client: pg.ClientBase): Promise<DatabaseAnswer<T>> => {
    const isToken = await client.query(`set leeward.token = ${pg.escapeLiteral(seen)}`).then(
      () => true,
      (error: unknown) => {
        if (isInvalidValue(error)) return false;
        throw error;
      },
    );
    const answer = await ask<T>(client, query);
    // What is no token is from before the manner was changed, or nobody knows where from.
    return isToken ? answer : { ...answer, seen: nothingSeen };
  };
  // Whoever reads by this connection next has seen something else.
  return await withClient(pool, work, { tidy: "reset leeward.token" });
}

async function askAndNote<T>(pool: pg.Pool, query: Query): Promise<DatabaseAnswer<T>> {
  return await withClient(pool, async (client) => {
    const answer = await ask<T>(client, query);
    // The gateway of this Region answers that itself.
    const { rows } = await client.query<Record<string, string>>("show leeward.token");
    return { ...answer, seen: Object.values(rows[0] ?? {})[0] };
  });
}

async function inTransaction<T>(
  pool: pg.Pool,
  work: (client: pg.ClientBase) => Promise<T>,
): Promise<T> {
  const run = async (client: pg.ClientBase): Promise<T> => {
    await client.query("begin");
    try {
      const result = await work(client);
      await client.query("commit");
      return result;
    } catch (error) {
      await client.query("rollback").catch(() => undefined);
      throw error;
    }
  };
  // The rollback may have failed as well.
  return await withClient(pool, run, { isUsableAfter: () => false });
}

type Loan = {
  /** Whether a connection that met this error may be given to somebody else. */
  readonly isUsableAfter?: (error: unknown) => boolean;
  /** A statement to be run before it is; `work`'s caller does not wait for that. */
  readonly tidy?: string;
};

async function withClient<T>(
  pool: pg.Pool,
  work: (client: pg.PoolClient) => Promise<T>,
  { isUsableAfter = isOfStatement, tidy }: Loan = {},
): Promise<T> {
  const client = await pool.connect();
  let isUsable = true;
  try {
    return await work(client);
  } catch (error) {
    isUsable = isUsableAfter(error);
    throw error;
  } finally {
    if (!isUsable || tidy === undefined) client.release(!isUsable);
    else {
      void client.query(tidy).then(
        () => client.release(),
        () => client.release(true),
      );
    }
  }
}

type Attempt = { readonly isTokenLost: boolean };

/** Again, while that helps, until `msMax` have passed. */
async function repeated<T>(
  { msMax, isRepeatable }: { readonly msMax: number; readonly isRepeatable: boolean },
  work: (attempt: Attempt) => Promise<unknown>,
): Promise<DatabaseAnswer<T>> {
  const startedMs = performance.now();
  let tokenIsLost = false;
  for (let pause: number = pauseMs.first; ; pause = Math.min(2 * pause, pauseMs.most)) {
    try {
      const answer = (await work({ isTokenLost: tokenIsLost })) as DatabaseAnswer<T>;
      return { ...answer, from: { ...answer.from, ms: performance.now() - startedMs } };
    } catch (error) {
      const mayRepeat = isTokenLost(error) || canBeRepeated(error, isRepeatable);
      tokenIsLost ||= isTokenLost(error);
      if (mayRepeat && performance.now() - startedMs + pause < msMax) {
        await sleep(pause);
        continue;
      }
      if (!canBeRepeated(error, true)) throw error;
      throw new Unavailable("The database does not answer at the moment. Please try again.", {
        cause: error,
      });
    }
  }
}
