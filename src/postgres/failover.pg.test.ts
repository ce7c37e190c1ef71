import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import pg from "pg";
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
  upstreamAt,
} from "../../test/postgres/scratch.ts";
import type { Address } from "../model/address.ts";
import type { Lsn } from "../model/lsn.ts";
import { assert } from "../std/assert.ts";
import { CancelledWaits } from "./cancelled-waits.ts";
import type { ReplicaLag, ReplicaLoss } from "./postgres.ts";
import type { PostgresServer } from "./server.ts";

const slot = "leeward_b_1";

describe("what a failover would lose", () => {
  let scratch: Scratch;
  let address: Address;
  let secondaryAddress: Address;
  let writer: PostgresServer;
  let secondary: PostgresServer;
  let skewMs = 0;

  beforeAll(async () => {
    scratch = await Scratch.open();
    address = drawAddress();
    const skewed = { ...clock, monotonicMs: () => clock.monotonicMs() + skewMs };
    writer = scratch.server("a", address, { clock: skewed });
    secondaryAddress = drawAddress();
    secondary = scratch.server("b", secondaryAddress);
    const systemId = await writer.create(spec, soon());
    await startPrimary(writer);
    await superuser("alter system set autovacuum = off");
    await superuser("select pg_reload_conf()");
    await sql(address, "create table t (i int)");
    await writer.ensureSlots([slot], soon());
    await secondary.clone(upstreamAt(address), systemId, () => undefined, soon());
    await secondary.start({ kind: "secondary", upstream: upstreamAt(address) }, soon());
    await caughtUp();
  });
  afterAll(async () => scratch[Symbol.asyncDispose]());

  async function superuser(
    text: string,
    database = "postgres",
  ): Promise<readonly Record<string, unknown>[]> {
    return sql(address, text, { user: "leeward", password: superuserPassword, database });
  }

  async function read(): Promise<ReplicaLag> {
    const [lag] = await writer.replicaLags([slot], soon());
    assert(lag !== undefined, "the slot has a reading");
    return lag;
  }

  async function loss(): Promise<ReplicaLoss> {
    const { loss: found } = await read();
    assert(found !== undefined, "the loss is known");
    return found;
  }

  async function caughtUp(): Promise<void> {
    await eventually("it has caught up", async () => (await read()).lagBytes === 0);
  }

  async function flushed(): Promise<Lsn> {
    return (await writer.status(soon())).flushedLsn;
  }

  test("it is nothing when the secondary has everything, and each commit when it is away, but Leeward's own", async () => {
    await caughtUp();
    expect(await loss()).toEqual({ transactions: 0, bytes: 0, isExact: true });
    await secondary.stop("fast", soon());
    const before = await loss();
    for (let i = 0; i < 7; i += 1) await sql(address, `insert into t values (${i})`);
    for (let i = 0; i < 5; i += 1) expect(await writer.probe(address, soon())).toBe(true);
    await writer.openWrites({ epoch: 1, operation: "again" }, soon());
    await sql(address, "begin; insert into t values (0); rollback");
    await sql(address, "insert into t select generate_series(1, 1000)");
    const after = await loss();
    expect(after).toMatchObject({ isExact: true, transactions: before.transactions + 8 });
    expect(after.bytes).toBeGreaterThan(before.bytes);
    expect(await loss()).toMatchObject({ transactions: after.transactions });
    await secondary.start({ kind: "secondary", upstream: upstreamAt(address) }, soon());
    await caughtUp();
    expect(await loss()).toEqual({ transactions: 0, bytes: 0, isExact: true });
  });

  test("a probe is acknowledged where a client's write is, and nowhere else", async () => {
    expect(await writer.probe(address, soon())).toBe(true);
    expect(await writer.probe(drawAddress(), soon())).toBe(false);
    expect(await writer.probe(secondaryAddress, soon())).toBe(false);
    const fromTwo = await Promise.all(
      Array.from({ length: 20 }, async (_, index) =>
        (index % 2 === 0 ? writer : secondary).probe(address, soon()),
      ),
    );
    expect(fromTwo).toEqual(Array.from({ length: 20 }, () => true));
    const startedMs = performance.now();
    for (let i = 0; i < 20; i += 1) await writer.probe(address, soon());
    console.log(`probe: ${((performance.now() - startedMs) / 20).toFixed(1)} ms each`);
    await superuser("alter system set default_transaction_read_only = on");
    await superuser("select pg_reload_conf()");
    await eventually("it is refused", async () => !(await writer.probe(address, soon())));
    await expect(sql(address, "insert into t values (1)")).rejects.toMatchObject({ code: "25006" });
    await superuser("alter system reset default_transaction_read_only");
    await superuser("select pg_reload_conf()");
    await eventually("it is let in", async () => writer.probe(address, soon()));
    writer.closeProbes();
    secondary.closeProbes();
  });

  test("every SQL database has its evidence slot before writes are let in, a new one at the next reading", async () => {
    const databases = async (): Promise<unknown[]> =>
      (await writer.advanceEvidence(await flushed(), soon())).map(({ database }) => database);
    expect(await databases()).toEqual(["orders", "postgres"]);
    await superuser("create database extra");
    expect(await databases()).toEqual(["extra", "orders", "postgres"]);
    const slots = await writer.advanceEvidence(undefined, soon());
    expect(slots.every(({ isIntact, isPinned }) => isIntact && !isPinned)).toBe(true);
    await superuser("drop database extra");
    expect(await databases()).toEqual(["orders", "postgres"]);
  });

  test("an evidence slot lets go of WAL that the secondary has, and of nothing beyond", async () => {
    const wait = await flushed();
    await sql(address, "insert into t select generate_series(1, 50000)");
    const end = await flushed();
    const advanced = await writer.advanceEvidence(end, soon());
    expect(advanced.find(({ database }) => database === "orders")?.confirmedLsn).toBe(end);
    await sql(address, "insert into t values (4711)");
    const [one] = await writer.advanceEvidence(wait, soon());
    expect(one?.confirmedLsn).toBe(end);
    const rows = await superuser(
      `select count(*)::int as n from pg_logical_slot_peek_changes(
         'leeward_evidence_' || (select oid from pg_database where datname = 'orders'), null, null)
        where data like '%4711%'`,
      "orders",
    );
    expect(rows).toEqual([{ n: 1 }]);
  });

  test("a transaction that is open for a minute pins a slot, and holds up a new one for two seconds alone", async () => {
    const client = new pg.Client({
      ...address,
      user: "leeward",
      password: superuserPassword.reveal(),
      database: "orders",
    });
    await client.connect();
    try {
      await client.query("begin; insert into t values (1)");
      await sql(address, "insert into t select generate_series(1, 50000)");
      await superuser("checkpoint");
      await sql(address, "insert into t select generate_series(1, 50000)");
      await superuser("checkpoint");
      const pinned = async (): Promise<boolean | undefined> =>
        (await writer.advanceEvidence(await flushed(), soon())).find(
          ({ database }) => database === "orders",
        )?.isPinned;
      expect([await pinned(), await pinned()]).toEqual([false, false]);
      skewMs += 61_000;
      expect(await pinned()).toBe(true);

      await superuser("create database late");
      const startedMs = performance.now();
      const slots = await writer.advanceEvidence(await flushed(), soon());
      expect(performance.now() - startedMs).toBeLessThan(4000);
      expect(slots.find(({ database }) => database === "late")).toMatchObject({
        confirmedLsn: undefined,
        isIntact: false,
      });
      await client.query("commit");
      await superuser("checkpoint");
      skewMs += 31_000;
      await eventually("it is let go", async () => {
        await sql(address, "insert into t values (1)");
        await superuser("checkpoint");
        skewMs += 10_001;
        return (await pinned()) === false;
      });
      const after = await writer.advanceEvidence(await flushed(), soon());
      expect(after.every(({ isIntact }) => isIntact)).toBe(true);
    } finally {
      await client.end();
      await superuser("drop database if exists late");
    }
  });

  test("Leeward's own objects are made anew before writes are let in, where they are missing", async () => {
    await superuser("drop schema leeward cascade");
    await superuser("select pg_replication_origin_drop('leeward')");
    expect(await writer.probe(address, soon())).toBe(false);
    await writer.openWrites({ epoch: 1, operation: "anew" }, soon());
    expect(await superuser("select operation from leeward.marker")).toEqual([
      { operation: "anew" },
    ]);
    expect(await writer.probe(address, soon())).toBe(true);
  });

  test("slots of Leeward's that are not named are dropped, evidence and a user's own are not", async () => {
    await superuser("select pg_create_physical_replication_slot('theirs')");
    await writer.ensureSlots([slot, "leeward_c_1"], soon());
    await writer.ensureSlots([slot], soon());
    const rows = await superuser("select slot_name::text from pg_replication_slots order by 1");
    const names = rows.map(({ slot_name: name }) => String(name));
    expect(names.filter((name) => !name.startsWith("leeward_evidence_"))).toEqual([slot, "theirs"]);
    expect(names).toHaveLength(4);
    await writer.ensureSlots([], soon());
    expect(
      await superuser(`select active from pg_replication_slots where slot_name = '${slot}'`),
    ).toEqual([{ active: true }]);
  });

  test("commits wait for a standby while they are told to, a cancelled wait is counted, a start waits for none", async () => {
    await writer.setSynchronous(["orders/b/1"], soon());
    await sql(address, "insert into t values (1)");
    await secondary.stop("fast", soon());
    expect(await writer.cancelledWaits()).toBe(0);
    const waiting = sql(address, "insert into t values (2)");
    await eventually("the commit waits, and gives up when told to", async () => {
      const rows = await superuser(
        "select pg_cancel_backend(pid) from pg_stat_activity where wait_event = 'SyncRep'",
      );
      return rows.length > 0;
    });
    await waiting;
    await eventually("the wait is counted", async () => (await writer.cancelledWaits()) === 1);
    expect(await writer.probe(address, soon())).toBe(true);
    await writer.setSynchronous([], soon());
    await sql(address, "insert into t values (3)");
    await writer.setSynchronous(["orders/b/1"], soon());
    await writer.stop("fast", soon());
    await startPrimary(writer);
    await sql(address, "insert into t values (4)");
  });

  test("an evidence slot whose WAL was removed is made anew, and whole once the secondary has the gap", async () => {
    await superuser("alter system set max_slot_wal_keep_size = '1MB'");
    await superuser("alter system set wal_keep_size = 0");
    await superuser("alter system set max_wal_size = '32MB'");
    await superuser("select pg_reload_conf()");
    const before = await flushed();
    for (let round = 0; round < 5; round += 1) {
      await sql(address, "insert into t select generate_series(1, 200000)");
      await superuser("select pg_switch_wal()");
    }
    await superuser("checkpoint");
    const lost = await writer.advanceEvidence(before, soon());
    expect(lost.map(({ isIntact }) => isIntact)).toEqual([false, false]);
    expect((await writer.advanceEvidence(before, soon())).some(({ isIntact }) => isIntact)).toBe(
      false,
    );
    const healed = await writer.advanceEvidence(await flushed(), soon());
    expect(healed.map(({ isIntact }) => isIntact)).toEqual([true, true]);
  });

  test("the log is read once, in lines, and again from its begin when it was emptied", async () => {
    const path = join(scratch.directory, "some.log");
    const line = "WARNING:  canceling wait for synchronous replication due to user request\n";
    await writeFile(path, line);
    const waits = new CancelledWaits(path);
    expect(await waits.count()).toBe(0);
    await writeFile(path, line + line.slice(0, 30));
    expect(await waits.count()).toBe(0);
    await writeFile(path, line + line);
    expect([await waits.count(), await waits.count()]).toEqual([1, 1]);
    await writeFile(path, line);
    expect(await waits.count()).toBe(2);
  });
});
