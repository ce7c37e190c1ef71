import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  drawAddress,
  eventually,
  Scratch,
  soon,
  spec,
  sql,
  startPrimary,
  superuserPassword,
  upstreamAt,
} from "../../test/postgres/scratch.ts";
import { assert } from "../std/assert.ts";
import type { Address } from "../model/address.ts";
import type { ReplicaLag } from "./postgres.ts";
import type { PostgresServer } from "./server.ts";

const slot = "leeward_b_1";

describe("lag, as the writer reads it", () => {
  let scratch: Scratch;
  let address: Address;
  let writer: PostgresServer;
  let secondary: PostgresServer;

  beforeAll(async () => {
    scratch = await Scratch.open();
    address = drawAddress();
    writer = scratch.server("a", address);
    secondary = scratch.server("b", drawAddress());
    const systemId = await writer.create(spec, soon());
    await startPrimary(writer);
    // Autovacuum commits as well, and a test cannot tell its commits from its own.
    await asSuperuser("alter system set autovacuum = off");
    await asSuperuser("select pg_reload_conf()");
    await sql(address, "create table t (at timestamptz default clock_timestamp(), x text)");
    await writer.ensureSlots([slot], soon());
    await secondary.clone(upstreamAt(address), systemId, () => undefined, soon());
  });
  afterAll(async () => scratch[Symbol.asyncDispose]());

  async function asSuperuser(text: string): Promise<void> {
    await sql(address, text, { user: "leeward", password: superuserPassword });
  }

  async function read(): Promise<ReplicaLag> {
    const [lag] = await writer.replicaLags([slot, "no_such_slot"], soon());
    assert(lag !== undefined, "the slot has a reading");
    return lag;
  }

  async function connected(): Promise<void> {
    if (!secondary.isRunning()) {
      await secondary.start({ kind: "secondary", upstream: upstreamAt(address) }, soon());
    }
    await eventually("it has caught up", async () => (await read()).lagBytes === 0);
    await eventually("it streams", async () => (await read()).isStreaming);
  }

  test("is zero in every way once a secondary has caught up, and stays so while nothing is written", async () => {
    await connected();
    await eventually("nothing is behind", async () => {
      const { lagBytes, progressLagMs } = await read();
      return lagBytes === 0 && progressLagMs === 0;
    });
    expect(await read()).toMatchObject({ slot, isStreaming: true, slotIsIntact: true });
    // The server itself writes a record now and then, but never because it is asked.
    await eventually("twenty readings write no WAL", async () => {
      const before = (await writer.status(soon())).flushedLsn;
      for (let reading = 0; reading < 20; reading += 1) {
        expect(await read()).toMatchObject({ lagMs: 0, rpoLagMs: 0 });
      }
      return (await writer.status(soon())).flushedLsn === before;
    });
  });

  test("counts the bytes that were sent", async () => {
    await connected();
    const before = (await read()).sentBytes;
    await sql(address, "insert into t (x) select repeat('x', 1000) from generate_series(1, 1000)");
    await connected();
    const grown = (await read()).sentBytes - before;
    expect(grown).toBeGreaterThan(1_000_000);
    expect(grown).toBeLessThan(3_000_000);
  });

  test("grows from the oldest commit that a secondary which is away has not got", async () => {
    await connected();
    await secondary.stop("fast", soon());
    await asSuperuser("checkpoint");
    expect(await read()).toMatchObject({ isStreaming: false, rpoLagMs: 0, lagMs: 0 });
    expect((await read()).lagBytes).toBeGreaterThan(0);

    await sql(address, "insert into t (x) values ('the oldest')");
    const first = await read();
    expect(first.rpoLagMs).toBeLessThan(1000);
    await sql(address, "select pg_sleep(0.3)");
    await sql(address, "insert into t (x) values ('a younger one')");
    const [age] = await sql(
      address,
      "select extract(epoch from clock_timestamp() - min(at)) * 1000 as ms from t where x = 'the oldest'",
    );
    const later = await read();
    expect(later.rpoLagMs).toBeGreaterThanOrEqual(300);
    expect(Math.abs(Number(later.rpoLagMs) - Number(age?.["ms"]))).toBeLessThan(250);
    expect(Math.abs(Number(later.rpoLagMs) - Number(later.lagMs))).toBeLessThan(50);
    expect(later.progressLagMs).toBeGreaterThanOrEqual(Number(later.rpoLagMs));
    await connected();
    expect(await read()).toMatchObject({ rpoLagMs: 0, lagMs: 0 });
  });

  test("finds the commit behind many megabytes of an open transaction, within its bound per reading", async () => {
    await connected();
    await secondary.stop("fast", soon());
    await sql(
      address,
      "insert into t (x) select repeat(md5(i::text), 31) from generate_series(1, 40000) i",
    );
    const [{ rpoLagMs: atFirst }, startedMs] = [await read(), performance.now()];
    expect(atFirst).toBeDefined();
    await eventually("the search arrives", async () => {
      const { rpoLagMs, progressLagMs } = await read();
      return rpoLagMs !== undefined && rpoLagMs <= (progressLagMs ?? Infinity);
    });
    for (let reading = 0; reading < 5; reading += 1) await read();
    const found = await read();
    const elapsedMs = performance.now() - startedMs;
    expect(found.rpoLagMs).toBeLessThan(elapsedMs + 5000);
    expect(found.rpoLagMs).toBeGreaterThan(0);
    await connected();
  });

  test("a slot whose WAL was removed says so", async () => {
    await connected();
    await secondary.stop("fast", soon());
    await asSuperuser("alter system set max_slot_wal_keep_size = '1MB'");
    await asSuperuser("alter system set wal_keep_size = 0");
    await asSuperuser("alter system set max_wal_size = '32MB'");
    await asSuperuser("select pg_reload_conf()");
    for (let round = 0; round < 5; round += 1) {
      await sql(
        address,
        "insert into t (x) select repeat('x', 1000) from generate_series(1, 9000)",
      );
      await asSuperuser("select pg_switch_wal()");
    }
    await asSuperuser("checkpoint");
    await eventually("the slot is lost", async () => !(await read()).slotIsIntact);
    expect((await read()).lagBytes).toBeGreaterThan(40_000_000);
  });
});
