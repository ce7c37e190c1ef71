/** Positions, waits and look-ups against a real primary and a real standby of it. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  clock,
  drawAddress,
  eventually,
  Scratch,
  soon,
  spec,
  sql,
  startPrimary,
  superuserPassword,
  timed,
  upstreamAt,
} from "../../test/postgres/scratch.ts";
import type { Address } from "../model/address.ts";
import { assert } from "../std/assert.ts";
import type { SystemId } from "../model/region.ts";
import type { PostgresServer } from "../postgres/server.ts";
import { InternalConnection } from "./internal-connection.ts";
import { replayPosition, systemIdOf, writerPosition } from "./positions.ts";
import { EVERYTHING, ReplayWatch } from "./replay-watch.ts";
import { type ReadDoors, settleRead } from "./settle-read.ts";
import type { Token } from "./token.ts";
import { Verifiers } from "./verifiers.ts";

const PAGE_BYTES = 8192;

describe("consistency on a real standby", () => {
  let scratch: Scratch;
  let systemId: SystemId;
  let writerAddress: Address;
  let standbyAddress: Address;
  let writer: PostgresServer;
  let standby: PostgresServer;
  let toWriter: InternalConnection;
  let toStandby: InternalConnection;
  let watch: ReplayWatch;
  let lost = 0;
  const end = new AbortController();

  beforeAll(async () => {
    scratch = await Scratch.open();
    writerAddress = drawAddress();
    standbyAddress = drawAddress();
    writer = scratch.server("a", writerAddress);
    standby = scratch.server("b", standbyAddress);
    systemId = await writer.create(spec, soon());
    await startPrimary(writer);
    await sql(writerAddress, "create table t (i int)");
    await writer.ensureSlots(["leeward_b_1"], soon());
    await standby.clone(upstreamAt(writerAddress), systemId, () => undefined, soon());
    await standby.start({ kind: "secondary", upstream: upstreamAt(writerAddress) }, soon());
    await eventually("it streams", async () => (await standby.status(soon())).isStreaming);
    const login = { user: "leeward", password: superuserPassword, database: "orders" };
    toWriter = new InternalConnection(writerAddress, login, { clock, onLost: () => undefined });
    const position = (signal: AbortSignal): ReturnType<typeof replayPosition> =>
      replayPosition(toStandby, signal);
    watch = new ReplayWatch({ clock, position }, end.signal);
    const onLost = (): void => {
      lost += 1;
      watch.forget();
    };
    toStandby = new InternalConnection(standbyAddress, login, { clock, onLost });
  });
  afterAll(async () => {
    end.abort();
    toWriter.close();
    toStandby.close();
    await scratch[Symbol.asyncDispose]();
  });

  const tokenNow = (isAsynchronous = false): Promise<Token> =>
    writerPosition(toWriter, { isAsynchronous, systemId }, soon());
  const asSuperuser = { user: "leeward", password: superuserPassword };

  test("a standby reaches what the writer named, and each question takes a few milliseconds at most", async () => {
    expect(await systemIdOf(toStandby, soon())).toBe(systemId);
    await sql(writerAddress, "insert into t values (1)");
    const token = await tokenNow();
    expect(token).toMatchObject({ systemId, timeline: 1 });
    expect(await timed("replayed", watch.waitFor(token, 5000, soon()))).toBe(true);
    expect(watch.hasReached(token)).toBe(true);
    expect(await sql(standbyAddress, "select i from t")).toEqual([{ i: 1 }]);
    for (const [what, ask] of [
      ["no", () => toStandby.query("select 1", soon())],
      ["replay", () => replayPosition(toStandby, soon())],
      ["writer", () => tokenNow()],
    ] as const) {
      const times: number[] = [];
      for (let n = 0; n < 300; n += 1) {
        const startedMs = clock.monotonicMs();
        await ask();
        times.push(clock.monotonicMs() - startedMs);
      }
      const median = times.toSorted((a, b) => a - b)[150] ?? Infinity;
      console.log(`${what} position: median ${median.toFixed(3)} ms`);
      // Ten times what it takes on an idle machine.
      expect(median).toBeLessThan(5);
    }
  });

  test("a writer has everything, and a standby is no writer", async () => {
    expect(await replayPosition(toWriter, soon())).toEqual({ timeline: 1, lsn: EVERYTHING });
    await expect(
      writerPosition(toStandby, { isAsynchronous: false, systemId }, soon()),
    ).rejects.toMatchObject({ code: "postgres.query-failed" });
  });

  test("case 34: a commit that ends with its page is waited for no longer than any other", async () => {
    let inHeader = 0;
    for (let round = 0; round < 40 && inHeader < 3; round += 1) {
      // A record of the length that is left in the page, give or take, and nothing after it.
      const [row] = await sql(
        writerAddress,
        `select pg_logical_emit_message(true, 'x', repeat('x', greatest(1, (${PAGE_BYTES}
           - (pg_current_wal_insert_lsn() - '0/0') % ${PAGE_BYTES} - ${60 + 8 * (round % 20)})::int)))::text as lsn`,
        asSuperuser,
      );
      expect(row).toBeDefined();
      const [at] = await toWriter.query(
        `select ((pg_current_wal_insert_lsn() - '0/0') % ${PAGE_BYTES})::text,
                (pg_current_wal_insert_lsn() = pg_current_wal_flush_lsn())::text`,
        soon(),
      );
      const isInHeader = Number(at?.[0]) <= 40 && at?.[1] === "false";
      if (isInHeader) inHeader += 1;
      for (const isAsynchronous of [false, true]) {
        const token = await tokenNow(isAsynchronous);
        expect(await watch.waitFor(token, 3000, soon())).toBe(true);
      }
    }
    console.log(`insert position within a page header: ${inHeader} times`);
    expect(inHeader).toBeGreaterThan(0);
  });

  test("case 35: after an asynchronous commit the token is what was inserted, and it is reached", async () => {
    for (let round = 0; round < 10; round += 1) {
      await sql(writerAddress, "set synchronous_commit = off; insert into t values (2)");
      const token = await tokenNow(true);
      expect(await watch.waitFor(token, 5000, soon())).toBe(true);
      const [counted] = await sql(standbyAddress, "select count(*)::int as n from t where i = 2");
      expect(counted).toEqual({ n: round + 1 });
    }
  });

  test("case 33: while replay is paused a wait is given up in time, and ends soon after it goes on", async () => {
    await sql(standbyAddress, "select pg_wal_replay_pause()", asSuperuser);
    await eventually("replay is paused", async () => {
      const [row] = await sql(
        standbyAddress,
        "select pg_get_wal_replay_pause_state() as state",
        asSuperuser,
      );
      return row?.["state"] === "paused";
    });
    await sql(writerAddress, "insert into t values (3)");
    const token = await tokenNow();
    watch.learnt(token);
    const startedMs = clock.monotonicMs();
    expect(await watch.waitFor(token, 100, soon())).toBe(false);
    expect(clock.monotonicMs() - startedMs).toBeGreaterThanOrEqual(99);
    expect(watch.hasReached(token)).toBe(false);
    expect(watch.expectedWaitMs(token)).toBeGreaterThan(12);
    const waiting = watch.waitFor(token, 20_000, soon());
    await sql(standbyAddress, "select pg_wal_replay_resume()", asSuperuser);
    expect(await timed("reached after the pause", waiting)).toBe(true);
    expect(await sql(standbyAddress, "select i from t where i = 3")).toHaveLength(1);
  });

  test("case 41: while replay lags by 300 ms, reads after writes go to the writer at once, and are local again after it", async () => {
    const lagBy = async (delay: string): Promise<void> => {
      await sql(
        standbyAddress,
        `alter system set recovery_min_apply_delay = '${delay}'`,
        asSuperuser,
      );
      await sql(standbyAddress, "select pg_reload_conf()", asSuperuser);
      await eventually("the delay is in force", async () => {
        const [row] = await toStandby.query("show recovery_min_apply_delay", soon());
        return row?.[0] === delay;
      });
    };
    /** A write, and where the read after it went, and how long that took to find out. */
    const pair = async (): Promise<{ kind: string; tookMs: number }> => {
      await sql(writerAddress, "insert into t values (4)");
      const token = await tokenNow();
      watch.learnt(token);
      const startedMs = clock.monotonicMs();
      const { kind } = await settleRead(doorsWith(token), soon());
      assert(kind !== "local" || watch.hasReached(token), "a local read is not stale");
      return { kind, tookMs: clock.monotonicMs() - startedMs };
    };
    const pairs = async (): Promise<readonly { kind: string; tookMs: number }[]> => {
      const all = [];
      for (let n = 0; n < 20; n += 1) all.push(await pair());
      return all;
    };
    await lagBy("300ms");
    const lagging = await pairs();
    await lagBy("0");
    expect(await watch.waitFor(await tokenNow(), 5000, soon())).toBe(true);
    const caughtUp = await pairs();
    expect(lagging.filter(({ kind }) => kind === "writer")).toHaveLength(20);
    // Some try how it is; most need not.
    const waited = lagging.filter(({ tookMs }) => tookMs > 5).length;
    const local = caughtUp.filter(({ kind }) => kind === "local").length;
    console.log(`of 20 reads ${waited} waited while it lagged, ${local} were local after it`);
    expect(waited).toBeLessThanOrEqual(15);
    expect(local).toBeGreaterThanOrEqual(5);
  });

  const doorsWith = (token: Token): ReadDoors => ({
    view: () => ({
      level: "session",
      token,
      known: { systemId, forks: [], timeline: 1 },
      replay: watch,
      writer: "reachable",
      writerRttMs: 60,
      limits: { consistencyTimeoutMs: 500, globalReads: "local" },
    }),
    waitFor: (point, withinMs, signal) => watch.waitFor(point, withinMs, signal),
    learnt: (point) => watch.learnt(point),
    follow: (point) => watch.follow(point),
    writerPosition: () => tokenNow(),
  });

  test("a connection that the server ended is forgotten at once, and made again with the next question", async () => {
    const token = await tokenNow();
    await watch.waitFor(token, 5000, soon());
    expect(watch.hasReached(token)).toBe(true);
    const before = lost;
    await sql(
      standbyAddress,
      "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'leeward-gateway'",
      asSuperuser,
    );
    await eventually("the loss is noticed", async () => lost > before);
    expect(watch.hasReached(token)).toBe(false);
    expect(await watch.waitFor(token, 5000, soon())).toBe(true);
  });

  test("an error of the server fails its question alone, and answers are text", async () => {
    const before = lost;
    await expect(toStandby.query("select 1/0", soon())).rejects.toMatchObject({
      code: "postgres.query-failed",
    });
    expect(await toStandby.query("select 1, null, true, '{1,2}'::int[]", soon())).toEqual([
      ["1", null, "t", "{1,2}"],
    ]);
    await expect(toWriter.query("create table public.x ()", soon())).rejects.toMatchObject({
      cause: { code: "25006" },
    });
    expect(lost).toBe(before);
  });

  test("an instance that hangs costs a question its deadline, one that is away costs nothing, and both are found again", async () => {
    const slow = toStandby.query("select pg_sleep(60)", soon());
    await expect(timed("a question that hangs", slow)).rejects.toMatchObject({
      code: "postgres.query-failed",
    });
    await standby.stop("fast", soon());
    const startedMs = clock.monotonicMs();
    for (let n = 0; n < 100; n += 1) {
      await expect(toStandby.query("select 1", soon())).rejects.toMatchObject({
        code: "postgres.query-failed",
      });
    }
    expect(clock.monotonicMs() - startedMs).toBeLessThan(2000);
    await standby.start({ kind: "secondary", upstream: upstreamAt(writerAddress) }, soon());
    await eventually("it is found again", async () =>
      toStandby.query("select 1", soon()).then(
        () => true,
        () => false,
      ),
    );
    expect(await watch.waitFor(await tokenNow(), 5000, soon())).toBe(true);
  });

  test("roles are found in the standby's own catalog, whatever their names are", async () => {
    const odd = `o'dd "né\\`;
    await sql(
      writerAddress,
      `create role "o'dd ""né\\" login password 'x' connection limit 3 valid until '2030-01-01T00:00:00Z';
       create role plain nologin`,
      asSuperuser,
    );
    expect(await watch.waitFor(await tokenNow(), 5000, soon())).toBe(true);
    const query = toStandby.query.bind(toStandby);
    const verifiers = new Verifiers({ clock, query }, end.signal);
    expect(await verifiers.find(odd, soon())).toMatchObject({
      password: { kind: "scram" },
      canLogin: true,
      validUntilMs: Date.UTC(2030, 0, 1),
      connectionLimit: 3,
    });
    expect(await verifiers.find("plain", soon())).toMatchObject({
      password: { kind: "none" },
      canLogin: false,
    });
    expect(await verifiers.find("app", soon())).toMatchObject({ password: { kind: "scram" } });
    expect(await verifiers.find("nobody", soon())).toBeUndefined();
  });

  test("case 42: after a switchover the old token is reached on the new timeline", async () => {
    const token = await tokenNow();
    await writer.checkpoint(soon());
    await writer.stop("fast", soon());
    const last = await writer.token();
    await eventually("B has everything", async () => {
      return (await standby.status(soon())).replayedLsn > last.lsn;
    });
    const fork = await standby.promote(soon());
    await eventually("it says so", async () => {
      const { lsn } = await replayPosition(toStandby, soon());
      return lsn === EVERYTHING;
    });
    const glimpse = await watch.waitFor({ ...token, timeline: 2 }, 5000, soon());
    expect(glimpse).toBe(true);
    expect(watch.hasReached(token)).toBe(false);
    watch.useForks([fork]);
    expect(watch.hasReached(token)).toBe(true);
    const now = await writerPosition(toStandby, { isAsynchronous: false, systemId }, soon());
    expect(now.timeline).toBe(2);
  });
});
