/** What reads in a secondary Region see, while its standby lags, stands still, is away, or refuses. */
import type pg from "pg";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { inWords, RawClient } from "../../test/gateway/raw-client.ts";
import {
  outOfOrder,
  raise,
  read,
  registersTable,
  tokenOf,
  type TimedRaise,
  type TimedRead,
} from "../../test/gateway/registers.ts";
import { disturbReplay, pauseReplay } from "../../test/gateway/replay-disturber.ts";
import { east, TwoRegions, west } from "../../test/gateway/two-regions.ts";
import {
  clock,
  eventually,
  soon,
  sql,
  superuserPassword,
  upstreamAt,
} from "../../test/postgres/scratch.ts";
import type { RegionId } from "../model/region.ts";
import { encodeQuery } from "../wire/postgres/frontend-messages.ts";

const rttMs = 30;
const pairSessions = 32;
const pairsMin = 2_000;

describe.sequential("consistency through the gateway", () => {
  let world: TwoRegions;
  const open: pg.Client[] = [];
  const client = async (region: RegionId, config: pg.ClientConfig = {}): Promise<pg.Client> => {
    const opened = await world.client(region, config);
    open.push(opened);
    return opened;
  };
  const atLevel = (level: string): pg.ClientConfig => ({
    options: `-c leeward.consistency=${level}`,
  });
  const asSuperuser = { user: "leeward", password: superuserPassword };
  const onWriter = (text: string): Promise<readonly Record<string, unknown>[]> =>
    sql(world.place(east).instance, text, asSuperuser);
  const onStandby = (text: string): Promise<readonly Record<string, unknown>[]> =>
    sql(world.place(west).instance, text, asSuperuser);

  const alterStandby = async (...changes: readonly string[]): Promise<void> => {
    for (const change of changes) await onStandby(`ALTER SYSTEM ${change}`);
    await onStandby("SELECT pg_reload_conf()");
  };
  /** So that only commits flush WAL. */
  const lazyWalWriter = async (isLazy: boolean): Promise<void> => {
    const change = isLazy ? "SET wal_writer_delay = '10s'" : "RESET wal_writer_delay";
    for (const text of [`ALTER SYSTEM ${change}`, "SELECT pg_reload_conf()"]) await onWriter(text);
  };
  /** Until the standby has all that is there now, and the gateway reads it again. */
  const caughtUp = async (): Promise<void> => {
    const [row] = await onWriter("SELECT pg_current_wal_insert_lsn()::text AS lsn");
    await eventually("the standby has everything", async () => {
      const [is] = await onStandby(
        `SELECT pg_last_wal_replay_lsn() >= '${String(row?.["lsn"])}'::pg_lsn AS is`,
      );
      return is?.["is"] === true;
    });
  };

  beforeAll(async () => {
    world = await TwoRegions.open({
      rttMs,
      limits: { poolSize: 40, serverConnectionsMax: 80 },
      consistency: {
        consistency: "session",
        roles: [{ name: "reporter", consistency: "eventual" }],
      },
    });
    await onWriter(
      `CREATE ROLE reporter LOGIN PASSWORD 'of-the-reporter';
       ${registersTable(pairSessions)};
       GRANT CREATE ON SCHEMA public TO PUBLIC`,
    );
    await caughtUp();
  });
  afterAll(async () => {
    await world[Symbol.asyncDispose]();
  });
  afterEach(async () => {
    for (const one of open.splice(0)) await one.end();
  });

  test("case 33: of thousands of reads after writes none is stale, however replay lags", async () => {
    const tally = { pairs: 0, stale: 0, local: 0, slowestMs: 0 };
    const stop = new AbortController();
    const disturbing = disturbReplay(world.place(west).instance, stop.signal);
    const work = async (id: number): Promise<void> => {
      const one = await client(west);
      while (tally.pairs < pairsMin) {
        tally.pairs += 1;
        const written = await raise(one, id);
        const startedMs = clock.monotonicMs();
        const { v, isLocal } = await read(one, id);
        tally.slowestMs = Math.max(tally.slowestMs, clock.monotonicMs() - startedMs);
        if (v !== written) tally.stale += 1;
        if (isLocal) tally.local += 1;
      }
    };
    try {
      await Promise.all(Array.from({ length: pairSessions }, (_, id) => work(id + 1)));
    } finally {
      stop.abort();
      await disturbing;
    }
    const [share, slowestMs] = [(100 * tally.local) / tally.pairs, Math.round(tally.slowestMs)];
    console.log(`${tally.pairs} pairs, ${share.toFixed(1)} % local, slowest read ${slowestMs} ms`);
    expect(tally.stale).toBe(0);
    expect(tally.local).toBeGreaterThan(0);
    await caughtUp();
  });

  test("case 38: reads never go back in time, whichever server answers", async () => {
    const stop = new AbortController();
    const disturbing = disturbReplay(world.place(west).instance, stop.signal);
    const wentBack: string[] = [];
    const places = { local: 0, writer: 0 };
    const readOn = async (id: number): Promise<void> => {
      const one = await client(west);
      for (let last = 0, round = 0; !stop.signal.aborted; round += 1) {
        // Now and then the writer answers, and the next read is not to fall behind that.
        if (round % 5 === 0) await one.query("SELECT v FROM registers WHERE id = 0 FOR SHARE");
        if (round % 7 === 0) await raise(one, id);
        const { v, isLocal } = await read(one);
        places[isLocal ? "local" : "writer"] += 1;
        if (v < last) wentBack.push(`${last} to ${v}`);
        last = v;
      }
    };
    const reading = Array.from({ length: 8 }, (_, id) => readOn(id + 1));
    try {
      const writer = await client(east);
      const isShort = (): boolean => Math.min(places.local, places.writer) < 20;
      for (let n = 0; n < 1_000 || (isShort() && n < 20_000); n += 1) await raise(writer);
    } finally {
      stop.abort();
      await Promise.all([disturbing, ...reading]);
    }
    console.log(`${places.local} reads were local, ${places.writer} the writer's`);
    expect(wentBack).toEqual([]);
    expect(Math.min(places.local, places.writer)).toBeGreaterThan(0);
    await caughtUp();
  });

  test("case 40: global reads of a register are linearizable", async () => {
    const reads: TimedRead[] = [];
    const written: TimedRaise[] = [];
    const stop = new AbortController();
    const disturbing = disturbReplay(world.place(west).instance, stop.signal);
    const readOn = async (): Promise<void> => {
      const one = await client(west, atLevel("global"));
      while (!stop.signal.aborted) {
        const fromMs = clock.monotonicMs();
        const { v } = await read(one);
        reads.push({ fromMs, toMs: clock.monotonicMs(), v });
      }
    };
    const reading = Array.from({ length: 6 }, readOn);
    try {
      const writer = await client(east);
      for (let write = 0; write < 800; write += 1) {
        const sentMs = clock.monotonicMs();
        const v = await raise(writer);
        written.push({ v, sentMs, ackedMs: clock.monotonicMs() });
        await clock.sleep(2, soon());
      }
    } finally {
      stop.abort();
      await Promise.all([disturbing, ...reading]);
    }
    console.log(`${reads.length} global reads beside ${written.length} writes`);
    expect(outOfOrder(reads, written)).toEqual([]);
    expect(reads.length).toBeGreaterThan(100);
    await caughtUp();
  });

  test("case 36: a read behind the COMMIT of a pipeline sees what the transaction wrote", async () => {
    const goOn = await pauseReplay(world.place(west).instance);
    const raw = await RawClient.login(world.place(west).listen);
    try {
      const texts = [
        "BEGIN",
        "UPDATE registers SET v = -5 WHERE id = 1",
        "COMMIT",
        "SELECT v, pg_is_in_recovery() FROM registers WHERE id = 1",
      ];
      const answer = inWords(await raw.ask(texts.map(encodeQuery), texts.length));
      expect(answer.filter((word) => /^[CDE]/.test(word))).toEqual([
        "C BEGIN",
        "C UPDATE 1",
        "C COMMIT",
        "D -5,f",
        "C SELECT 1",
      ]);
    } finally {
      raw.close();
      await goOn();
    }
    await caughtUp();
  });

  test("case 35: a transaction with a synchronous_commit of its own is read as well", async () => {
    await lazyWalWriter(true);
    const one = await client(west);
    for (let round = 0; round < 20; round += 1) {
      const how = [
        "SET LOCAL synchronous_commit = off",
        "SELECT set_config('synchronous_commit', 'off', true)",
      ];
      await one.query("BEGIN");
      await one.query(how[round % 2] ?? "");
      const written = await raise(one, 2);
      await one.query("COMMIT");
      expect((await read(one, 2)).v).toBe(written);
    }
    await one.query("SET synchronous_commit = off");
    const written = await raise(one, 2);
    expect((await read(one, 2)).v).toBe(written);
    await lazyWalWriter(false);
  });

  test("case 37: what was rolled back is waited for by nobody", async () => {
    await lazyWalWriter(true);
    const one = await client(west);
    await raise(one, 3);
    await caughtUp();
    let unmoved = 0;
    for (let round = 0; round < 10; round += 1) {
      const before = await tokenOf(one);
      await one.query("BEGIN");
      await raise(one, 3);
      await one.query("ROLLBACK");
      // Something else may have been flushed meanwhile: PostgreSQL's own records.
      if ((await tokenOf(one)) === before) unmoved += 1;
    }
    expect(unmoved).toBeGreaterThanOrEqual(8);
    await lazyWalWriter(false);
    await caughtUp();
    await eventually("it reads here", async () => (await read(one, 3)).isLocal);
  });

  test("case 39: a token that another session has told makes its writes visible, from either Region", async () => {
    for (const from of [east, west]) {
      const [writer, set, unset] = [await client(from), await client(west), await client(west)];
      const before = (await read(unset, 4)).v;
      const goOn = await pauseReplay(world.place(west).instance);
      try {
        const written = await raise(writer, 4);
        const token = await tokenOf(writer);
        expect(token).toMatch(/^leeward1:\d+:1:[0-9A-F]+\/[0-9A-F]+$/);
        await set.query(`SET leeward.token = '${token}'`);
        const opened = await client(west, { options: `-c leeward.token=${token}` });
        expect(await read(set, 4)).toEqual({ v: written, isLocal: false });
        expect(await read(opened, 4)).toEqual({ v: written, isLocal: false });
        expect(await read(unset, 4)).toEqual({ v: before, isLocal: true });
      } finally {
        await goOn();
      }
      await caughtUp();
    }
    const one = await client(west);
    await expect(one.query("SET leeward.token = 'nonsense'")).rejects.toMatchObject({
      code: "22023",
    });
    await one.query("SET leeward.token = 'leeward1:1:1:0/1'");
    await expect(read(one)).rejects.toMatchObject({ code: "40003" });
    expect((await read(one)).isLocal).toBe(true);
  });

  test("case 41: while the standby is away its reads go to the writer, without an error", async () => {
    const { server } = world.place(west);
    const clients = [
      await client(west),
      await client(west),
      await client(west, atLevel("eventual")),
    ];
    const written = await raise(clients[0] as pg.Client, 5);
    const answers = { local: 0, writer: 0 };
    const stop = new AbortController();
    const reading = clients.map(async (one) => {
      while (!stop.signal.aborted) answers[(await read(one, 5)).isLocal ? "local" : "writer"] += 1;
    });
    await server.stop("fast", soon());
    const before = answers.writer;
    await eventually("the writer answers", async () =>
      Promise.resolve(answers.writer > before + 20),
    );
    expect(await read(await client(west), 5)).toEqual({ v: written, isLocal: false });
    await server.start(
      { kind: "secondary", upstream: upstreamAt(world.place(east).instance) },
      soon(),
    );
    const localBefore = answers.local;
    await eventually("reads are local again", async () =>
      Promise.resolve(answers.local > localBefore + 20),
    );
    stop.abort();
    await Promise.all(reading);
    await eventually("it streams", async () => (await server.status(soon())).isStreaming);
    await caughtUp();
  });

  test("case 43: a read that replay puts an end to is answered by the writer", async () => {
    await alterStandby("SET max_standby_streaming_delay = 50", "SET hot_standby_feedback = off");
    await onWriter("CREATE TABLE dead AS SELECT i FROM generate_series(1, 1000) i");
    await onWriter("GRANT SELECT ON dead TO PUBLIC");
    await caughtUp();
    const one = await client(west);
    const slow = one.query(
      `SELECT count(*)::int AS n, pg_is_in_recovery() AS is_local
         FROM generate_series(1, 20000000), (SELECT count(*) AS n FROM dead) AS d`,
    );
    await eventually("it runs on the standby", async () => {
      const rows = await onStandby(
        "SELECT 1 FROM pg_stat_activity WHERE usename = 'app' AND state = 'active' AND query LIKE '%20000000%'",
      );
      return rows.length > 0;
    });
    await onWriter("DELETE FROM dead");
    await onWriter("VACUUM dead");
    expect((await slow).rows).toEqual([{ n: 20_000_000, is_local: false }]);
    await alterStandby("RESET max_standby_streaming_delay", "RESET hot_standby_feedback");
    await caughtUp();
  });

  test("case 44: what a session has defined it can use at once, although the standby does not have it yet", async () => {
    const [one, other] = [await client(west), await client(west, atLevel("eventual"))];
    const goOn = await pauseReplay(world.place(west).instance);
    try {
      await one.query("CREATE TABLE fresh (id int)");
      expect((await one.query("SELECT * FROM fresh")).rows).toEqual([]);
      expect((await one.query("SELECT * FROM fresh WHERE id = $1", [1])).rows).toEqual([]);
      await one.query("ALTER TABLE registers ADD COLUMN note text DEFAULT 'none'");
      const text = "SELECT note FROM registers WHERE id = 6";
      expect((await one.query({ name: "note", text })).rows).toEqual([{ note: "none" }]);
      await one.query(
        `CREATE FUNCTION add_fresh(int) RETURNS int LANGUAGE sql VOLATILE
           AS 'INSERT INTO fresh VALUES ($1) RETURNING id'`,
      );
      expect((await one.query("SELECT add_fresh(7) AS id")).rows).toEqual([{ id: 7 }]);
      expect((await one.query("SELECT * FROM fresh")).rows).toEqual([{ id: 7 }]);
      // What the standby has never heard of is not asked of it, whatever the session is content with.
      expect((await other.query("SELECT * FROM fresh")).rows).toEqual([{ id: 7 }]);
    } finally {
      await goOn();
    }
    await caughtUp();
    expect((await other.query("SELECT * FROM fresh")).rows).toEqual([{ id: 7 }]);
  });

  test("the level is the connection's, else the role's, else the database's, by any of its names", async () => {
    const show = async (of: pg.Client, name: string): Promise<string | undefined> =>
      (await of.query<Record<string, string>>(`SHOW ${name}`)).rows[0]?.[name];
    const reporter = { user: "reporter", password: "of-the-reporter" };
    const [app, report] = [await client(west), await client(west, reporter)];
    const own = await client(west, { ...reporter, ...atLevel("global") });
    expect(await show(app, "leeward.consistency")).toBe("session");
    expect(await show(report, "leeward.consistency")).toBe("eventual");
    expect(await show(own, "apg_write_forward.consistency_mode")).toBe("GLOBAL");
    await report.query("SET aurora_replica_read_consistency = 'SESSION'");
    expect(await show(report, "leeward.consistency")).toBe("session");
    await report.query("RESET apg_write_forward.consistency_mode");
    expect(await show(report, "aurora_replica_read_consistency")).toBe("EVENTUAL");
    await expect(app.query("SET leeward.consistency = strict")).rejects.toMatchObject({
      code: "22023",
    });
    await app.query("SET apg_write_forward.consistency_mode = 'OFF'");
    await expect(raise(app, 7)).rejects.toMatchObject({ code: "25006" });
    await app.query("SET apg_write_forward.consistency_mode = 'SESSION'");
    expect(await raise(app, 7)).toBeGreaterThan(0);
  });

  test("eventual reads do not wait for what their session wrote, and global ones see what others wrote", async () => {
    const [eventual, global] = [
      await client(west, atLevel("eventual")),
      await client(west, atLevel("global")),
    ];
    const before = (await read(eventual, 8)).v;
    const goOn = await pauseReplay(world.place(west).instance);
    try {
      const written = await raise(eventual, 8);
      expect(await read(eventual, 8)).toEqual({ v: before, isLocal: true });
      expect(await read(global, 8)).toEqual({ v: written, isLocal: false });
      await global.query("BEGIN READ ONLY");
      expect(await read(global, 8)).toEqual({ v: written, isLocal: false });
      await global.query("COMMIT");
    } finally {
      await goOn();
    }
    await caughtUp();
  });
});
