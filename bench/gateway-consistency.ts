/** Writes and then reads what was written, through the gateway of a secondary Region whose standby lags at random. */
import pg from "pg";
import { sql } from "../test/postgres/scratch.ts";
import { figure, median, quantile, type Figure, type Limit } from "./figure.ts";
import { databaseName, password, user, type BenchPostgres } from "./gateway-postgres.ts";
import type { Proxy } from "./gateway-proxy.ts";
import { delayReplay } from "./gateway-replay-delay.ts";

/** With 60 ms for each write, a thousand pairs a second and more. */
const sessions = 256;
/** Few enough that no read waits for the benchmark's own processor. */
const calmSessions = 4;
const calmReads = 1_000;
const levelReads = 100;
const writesInSlice = 2_000;

const writeText = "UPDATE pairs SET v = v + 1 WHERE id = $1 RETURNING v";
const readText = "SELECT v, current_setting('in_hot_standby') AS standby FROM pairs WHERE id = $1";

export type ConsistencyOrder = { readonly reads: number };

/** Where all of a session's statements go to the writer. */
const writerName = `${databaseName}-rw`;

type Tally = { reads: number; stale: number; local: number; readonly readMs: number[] };

export async function measureConsistency(
  proxy: Proxy,
  postgres: BenchPostgres,
  { reads }: ConsistencyOrder,
): Promise<readonly Figure[]> {
  await makeTable(postgres);
  const stop = new AbortController();
  const delaying = delayReplay(postgres.standby, stop.signal);
  delaying.catch(() => undefined);
  try {
    const levels = await measureLevels(proxy);
    const calm = await writeAndRead(proxy, calmSessions, calmReads);
    const atWriter = await writeAndRead(proxy, calmSessions, calmReads, writerName);
    const busy = await writeAndRead(proxy, sessions, reads);
    return [
      ...levels,
      figure("stale reads in session mode", "reads", [calm.stale + busy.stale], {
        limit: { kind: "at-most", value: 0 },
        note: `of ${calm.reads + busy.reads} pairs of a write and a read`,
      }),
      figure("session reads served locally", "%", [(busy.local / busy.reads) * 100], {
        limit: { kind: "at-least", value: 50 },
      }),
      ...slowest(calm.readMs, atWriter.readMs),
    ];
  } finally {
    stop.abort();
    await delaying;
  }
}

/** Writes with one session each way in turn, with no link: what a session's token costs. */
export async function measureWriteOverhead(
  proxy: Proxy,
  postgres: BenchPostgres,
  pairs: number,
): Promise<Figure> {
  await makeTable(postgres);
  const [eventual, session] = await Promise.all([
    open(proxy, { consistency: "eventual" }),
    open(proxy, { consistency: "session" }),
  ]);
  try {
    const ratios: number[] = [];
    await medianWriteMs(eventual);
    await medianWriteMs(session);
    for (let pair = 0; pair < pairs; pair += 1) {
      const base = await medianWriteMs(eventual);
      ratios.push(((await medianWriteMs(session)) / base - 1) * 100);
    }
    const limit: Limit = { kind: "at-most", value: 4 };
    return figure("session consistency adds to a write", "%", ratios, { limit });
  } finally {
    await Promise.all([eventual.end(), session.end()]);
  }
}

async function medianWriteMs(client: pg.Client): Promise<number> {
  const tookMs: number[] = [];
  for (let write = 0; write < writesInSlice; write += 1) {
    const startedMs = performance.now();
    await client.query(writeText, [0]);
    tookMs.push(performance.now() - startedMs);
  }
  return median(tookMs);
}

/** What a read costs at each level while nobody writes, and where everything goes to the writer. */
async function measureLevels(proxy: Proxy): Promise<readonly Figure[]> {
  const figures: Figure[] = [];
  for (const consistency of ["eventual", "session", "global"] as const) {
    const readMs = await readAlone(proxy, { consistency });
    figures.push(figure(`a read with ${consistency}, nobody writes`, "ms", readMs));
  }
  const atWriterMs = await readAlone(proxy, { consistency: "session", database: writerName });
  return [...figures, figure("a read at the writer, nobody writes", "ms", atWriterMs)];
}

async function readAlone(proxy: Proxy, login: Login): Promise<readonly number[]> {
  const client = await open(proxy, login);
  try {
    // Its text is learnt and its connections made.
    await client.query(readText, [0]);
    const tookMs: number[] = [];
    for (let read = 0; read < levelReads; read += 1) {
      const startedMs = performance.now();
      await client.query(readText, [0]);
      tookMs.push(performance.now() - startedMs);
    }
    return tookMs;
  } finally {
    await client.end();
  }
}

/** A read's round trip is what it takes where all of a session goes to the writer, beside the same writes. */
function slowest(readMs: readonly number[], atWriterMs: readonly number[]): readonly Figure[] {
  const roundTripMs = median(atWriterMs);
  const of = (samples: readonly number[]): string =>
    [0.5, 0.99, 1].map((share) => quantile(samples, share).toFixed(1)).join("/");
  const note = `p50/p99/max ${of(readMs)} ms of ${readMs.length}, ${calmSessions} at once; at the writer ${of(atWriterMs)} ms`;
  const name = "session reads, × round trip:";
  return [
    figure(`${name} p99`, "", [quantile(readMs, 0.99) / roundTripMs], { note }),
    figure(`${name} slowest`, "", [Math.max(...readMs) / roundTripMs], {
      limit: { kind: "at-most", value: 1.2 },
    }),
    figure(`${name} slowest, all at the writer`, "", [Math.max(...atWriterMs) / roundTripMs]),
  ];
}

async function writeAndRead(
  proxy: Proxy,
  count: number,
  total: number,
  database = databaseName,
): Promise<Tally> {
  const tally: Tally = { reads: 0, stale: 0, local: 0, readMs: [] };
  let left = total;
  const work = async (id: number): Promise<void> => {
    const client = await open(proxy, { consistency: "session", database });
    try {
      // Its texts are learnt and its connections made, each once for all.
      await onePair(client, id, { reads: 0, stale: 0, local: 0, readMs: [] });
      while (left > 0) {
        left -= 1;
        await onePair(client, id, tally);
      }
    } finally {
      await client.end();
    }
  };
  await Promise.all(Array.from({ length: count }, (_, id) => work(id)));
  return tally;
}

async function onePair(client: pg.Client, id: number, tally: Tally): Promise<void> {
  const written = await client.query<{ v: string }>(writeText, [id]);
  const startedMs = performance.now();
  const read = await client.query<{ v: string; standby: string }>(readText, [id]);
  tally.readMs.push(performance.now() - startedMs);
  tally.reads += 1;
  const [want, got] = [Number(written.rows[0]?.v), read.rows[0]];
  // Each session has a row of its own: nobody else makes it newer.
  if (got === undefined || !(Number(got.v) >= want)) tally.stale += 1;
  if (got?.standby === "on") tally.local += 1;
}

type Login = {
  readonly consistency: "eventual" | "session" | "global";
  readonly database?: string;
};

async function open(
  proxy: Proxy,
  { consistency, database = databaseName }: Login,
): Promise<pg.Client> {
  const client = new pg.Client({
    ...proxy.address,
    user,
    password: password.reveal(),
    database,
    options: `-c leeward.consistency=${consistency}`,
  });
  await client.connect();
  return client;
}

async function makeTable({ primary }: BenchPostgres): Promise<void> {
  await sql(
    primary,
    `DROP TABLE IF EXISTS pairs;
     CREATE TABLE pairs (id int PRIMARY KEY, v bigint NOT NULL) WITH (fillfactor = 50);
     INSERT INTO pairs SELECT i, 0 FROM generate_series(0, ${sessions}) i`,
  );
}
