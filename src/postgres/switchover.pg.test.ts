import { chmod, lstat, readdir, rename } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
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
import type { EvidenceNote } from "../model/evidence.ts";
import { isPastFork } from "../model/fork.ts";
import type { DatabaseId, Epoch, RegionId, SystemId } from "../model/region.ts";
import { assert } from "../std/assert.ts";
import type { DataEnd } from "./postgres.ts";
import { processesIn } from "./process-table.ts";
import type { PostgresServer } from "./server.ts";

describe("the primary moves", () => {
  let scratch: Scratch;
  let systemId: SystemId;
  let at: { a: Address; b: Address };
  let a: PostgresServer;
  let b: PostgresServer;

  beforeEach(async () => {
    scratch = await Scratch.open();
    at = { a: drawAddress(), b: drawAddress() };
    a = scratch.server("a", at.a);
    b = scratch.server("b", at.b);
    systemId = await a.create(spec, soon());
    await startPrimary(a);
    await sql(at.a, "create table t (i int primary key); insert into t values (1)");
    await a.ensureSlots(["leeward_b_1"], soon());
    await b.clone(fromA(), systemId, () => undefined, soon());
    await b.start({ kind: "secondary", upstream: fromA() }, soon());
    await streams(b);
  });
  afterEach(async () => scratch[Symbol.asyncDispose]());

  const fromA = (): ReturnType<typeof upstreamAt> => upstreamAt(at.a, "leeward_b_1");
  const fromB = (): ReturnType<typeof upstreamAt> => upstreamAt(at.b, "leeward_a_1");
  const asSuperuser = { user: "leeward", password: superuserPassword, database: "postgres" };

  /** A second secondary of A. */
  async function startThird(address: Address): Promise<PostgresServer> {
    const c = scratch.server("c", address);
    const upstream = upstreamAt(at.a, "leeward_c_1");
    await a.ensureSlots(["leeward_b_1", "leeward_c_1"], soon());
    await c.clone(upstream, systemId, () => undefined, soon());
    await c.start({ kind: "secondary", upstream }, soon());
    await streams(c);
    return c;
  }

  async function streams(server: PostgresServer): Promise<void> {
    await eventually("it streams", async () => (await server.status(soon())).isStreaming);
  }

  async function rowsAt(address: Address): Promise<readonly unknown[]> {
    return (await sql(address, "select i from t order by i")).map(({ i }) => i);
  }

  async function promoteB(epoch: number): Promise<Awaited<ReturnType<PostgresServer["promote"]>>> {
    const fork = await timed("promote", b.promote(soon()));
    await expect(sql(at.b, "insert into t values (100)")).rejects.toMatchObject({ code: "25006" });
    await b.ensureSlots(["leeward_a_1"], soon());
    await timed("openWrites", b.openWrites({ epoch, operation: "move" }, soon()));
    return fork;
  }

  async function endOf(server: PostgresServer): Promise<DataEnd> {
    const found = await server.inspect();
    assert(found.kind === "present", "there are data");
    return found.end;
  }

  test("I3: after a clean hand-over the old primary streams from the new one without a rebuild, and back", async () => {
    await sql(at.a, "insert into t values (2)");
    await a.checkpoint(soon());
    expect(await timed("fast stop", a.stop("fast", soon()))).toBe(true);
    const token = await a.token();
    expect(token).toMatchObject({ systemId, timeline: 1 });
    expect(await endOf(a)).toEqual({ timeline: 1, lsn: token.lsn, isClean: true });
    await eventually("B has everything", async () => {
      return (await b.status(soon())).replayedLsn > token.lsn;
    });

    const fork = await promoteB(2);
    expect(fork).toMatchObject({ timeline: 2, parent: 1 });
    expect(fork.lsn).toBeGreaterThanOrEqual(token.lsn);
    expect(isPastFork(token, [fork])).toBe(false);
    expect(await b.promote(soon())).toEqual(fork);
    await sql(at.b, "insert into t values (3)");

    await a.start({ kind: "secondary", upstream: fromB() }, soon());
    await a.dropEvidenceSlots(soon());
    await streams(a);
    await eventually("A has B's row", async () => (await rowsAt(at.a)).length === 3);
    expect(await rowsAt(at.a)).toEqual([1, 2, 3]);
    expect(await a.status(soon())).toMatchObject({ timeline: 2, isInRecovery: true });
    expect(
      await sql(at.a, "select epoch::int, operation from leeward.marker order by 1", asSuperuser),
    ).toEqual([
      { epoch: 1, operation: "test" },
      { epoch: 2, operation: "move" },
    ]);
    expect(
      await sql(at.a, "select 1 from pg_replication_slots where slot_type = 'logical'"),
    ).toEqual([]);

    expect(await b.stop("fast", soon())).toBe(true);
    const second = await b.token();
    expect(second.timeline).toBe(2);
    await eventually("A has everything", async () => {
      return (await a.status(soon())).replayedLsn > second.lsn;
    });
    expect(await a.promote(soon())).toMatchObject({ timeline: 3, parent: 2 });
    await a.ensureSlots(["leeward_b_1"], soon());
    await a.openWrites({ epoch: 3, operation: "back" }, soon());
    await sql(at.a, "insert into t values (4)");
    await b.start({ kind: "secondary", upstream: fromA() }, soon());
    await streams(b);
    await eventually("B has A's row", async () => (await rowsAt(at.b)).length === 4);
  });

  test("another secondary follows the new primary by a reload, although its slot there is new", async () => {
    const c = await startThird(drawAddress());
    await a.stop("fast", soon());
    const token = await a.token();
    await eventually("B has everything", async () => {
      return (await b.status(soon())).replayedLsn > token.lsn;
    });
    await promoteB(2);
    await sql(at.b, "insert into t values (2)");
    await b.checkpoint(soon());
    await b.ensureSlots(["leeward_a_1", "leeward_c_1"], soon());
    await c.follow(upstreamAt(at.b, "leeward_c_1"), soon());
    await eventually("C is on the new timeline", async () => {
      const { isStreaming, timeline } = await c.status(soon());
      return isStreaming && timeline === 2;
    });
    const lags = await b.replicaLags(["leeward_c_1"], soon());
    expect(lags).toMatchObject([
      { isStreaming: true, slotIsIntact: true, loss: { isExact: true } },
    ]);
  });

  test("O10: a timeline that is given up is passed over, and its number is not taken again", async () => {
    const cAddress = drawAddress();
    const c = await startThird(cAddress);
    await a.stop("fast", soon());
    const token = await a.token();
    for (const server of [b, c]) {
      await eventually("it has everything", async () => {
        return (await server.status(soon())).replayedLsn > token.lsn;
      });
    }
    const lost = await promoteB(2);
    await sql(at.b, "insert into t values (50)");
    await b.fence(soon());

    await c.stop("fast", soon());
    await c.start({ kind: "fenced", passOver: [lost] }, soon());
    expect(await c.status(soon())).toMatchObject({ timeline: 1, isInRecovery: true });
    const fork = await c.promote(soon());
    expect(fork).toMatchObject({ timeline: 3, parent: 1 });
    await c.ensureSlots(["leeward_a_1"], soon());
    await c.openWrites({ epoch: 3, operation: "given up" }, soon());
    await sql(cAddress, "insert into t values (3)");
    const forks = [lost, fork];
    expect(isPastFork(token, forks)).toBe(false);
    expect(isPastFork(await endOf(b), forks)).toBe(true);

    // Who was on the common timeline goes on to the new one, past the one that was given up.
    await a.start({ kind: "secondary", upstream: upstreamAt(cAddress, "leeward_a_1") }, soon());
    await streams(a);
    await eventually("A has C's row", async () => (await rowsAt(at.a)).length === 2);
    expect(await rowsAt(at.a)).toEqual([1, 3]);
    expect(await a.status(soon())).toMatchObject({ timeline: 3 });
    // And the next number is the next one.
    await c.stop("fast", soon());
    const second = await c.token();
    await eventually("A has everything", async () => {
      return (await a.status(soon())).replayedLsn > second.lsn;
    });
    expect(await a.promote(soon())).toMatchObject({ timeline: 4, parent: 3 });
  });

  test("I5: what a dead primary had alone becomes evidence, whole and read-only, and a new secondary is built", async () => {
    await b.stop("fast", soon());
    await sql(at.a, "insert into t select generate_series(10, 20)");
    const diverged = (await a.status(soon())).flushedLsn;
    await timed("fence", a.fence(soon()));
    expect(await a.stop("fast", soon())).toBe(false);
    await expect(a.token()).rejects.toMatchObject({ code: "postgres.stop-failed" });
    expect(await endOf(a)).toMatchObject({ timeline: 1, isClean: false });

    await b.start({ kind: "fenced" }, soon());
    const fork = await promoteB(2);
    await sql(at.b, "insert into t values (2)");
    expect(isPastFork({ timeline: 1, lsn: diverged }, [fork])).toBe(true);

    await a.start({ kind: "secondary", upstream: fromB() }, soon());
    await expect(a.setAside(note)).rejects.toMatchObject({ code: "postgres.stop-failed" });
    // It connects again and again, looks for a moment as if it streamed, and is turned away each time.
    const had = (await a.status(soon())).flushedLsn;
    let streamingLooks = 0;
    for (let look = 0; look < 30; look += 1) {
      const { isStreaming, flushedLsn } = await a.status(soon());
      expect(flushedLsn).toBe(had);
      streamingLooks = isStreaming ? streamingLooks + 1 : 0;
      expect(streamingLooks).toBeLessThan(3);
      await sql(at.a, "select pg_sleep(0.1)");
    }
    expect((await rowsAt(at.a)).length).toBe(12);
    await a.stop("fast", soon());

    await timed("setAside", a.setAside(note));
    await a.setAside(note);
    expect(await a.inspect()).toEqual({ kind: "absent" });
    const [item] = await a.evidence();
    const directory = join(scratch.directory, "a", "evidence", note.name);
    expect(item).toMatchObject({ ...note, path: directory });
    expect(item?.bytes).toBeGreaterThan(16_000_000);
    expect((await lstat(join(directory, "data", "base"))).mode & 0o222).toBe(0);
    expect((await lstat(join(directory, "data", "PG_VERSION"))).mode & 0o222).toBe(0);

    await a.clone(fromB(), systemId, () => undefined, soon());
    await a.start({ kind: "secondary", upstream: fromB() }, soon());
    await streams(a);
    expect(await rowsAt(at.a)).toEqual([1, 2]);
    await a.setAside(note);
    expect(a.isRunning()).toBe(true);
    await a.removeEvidence(note.name);
    await a.removeEvidence(note.name);
    expect(await a.evidence()).toEqual([]);
    expect(await readdir(join(scratch.directory, "a", "evidence"))).toEqual([]);
  });

  test("evidence that was interrupted at any step is finished by the next try", async () => {
    await a.stop("immediate", soon());
    const evidence = join(scratch.directory, "a", "evidence", note.name);
    const data = join(scratch.directory, "a", "data");
    await a.setAside(note);
    await chmod(join(evidence, "data"), 0o700);
    await rename(join(evidence, "data"), data);
    expect(await a.evidence()).toEqual([]);
    expect(await a.inspect()).toMatchObject({ kind: "present" });
    await a.setAside(note);
    expect(await a.evidence()).toHaveLength(1);
    expect((await lstat(join(evidence, "data"))).mode & 0o222).toBe(0);
    await rename(evidence, join(scratch.directory, "a", "evidence", `.${note.name}`));
    expect(await a.evidence()).toEqual([]);
    await a.removeEvidence(note.name);
    expect(await readdir(join(scratch.directory, "a", "evidence"))).toEqual([]);
  });

  test("a fence ends stopped processes, a start under way, and what another agent started", async () => {
    const data = join(scratch.directory, "a", "data");
    for (const { pid } of processesIn(data)) process.kill(pid, "SIGSTOP");
    await timed("fence of stopped processes", a.fence(soon()));
    expect(processesIn(data)).toEqual([]);
    expect(a.isRunning()).toBe(false);
    for (const delayMs of [0, 0, 5, 10, 20, 40, 80]) {
      const starting = a.start({ kind: "primary" }, soon()).then(
        () => "started",
        () => "failed",
      );
      if (delayMs > 0) await new Promise((resolve) => setTimeout(resolve, delayMs));
      else await Promise.resolve();
      await a.fence(soon());
      expect(processesIn(data)).toEqual([]);
      await starting;
      expect(processesIn(data)).toEqual([]);
      expect(a.isRunning()).toBe(false);
    }
    await startPrimary(a);
    const successor = scratch.server("a", at.a);
    await successor.fence(soon());
    expect(await a.ended(soon())).toBe("was ended by SIGKILL");
    expect(processesIn(data)).toEqual([]);
    await a.fence(soon());
  });
});

const note: EvidenceNote = {
  name: "unplanned-global-failover-orders-a-20260101T000000Z",
  database: "orders" as DatabaseId,
  region: "a" as RegionId,
  number: 1,
  systemId: "1" as SystemId,
  timeline: 1,
  forkLsn: undefined,
  epoch: 2 as Epoch,
  atWallMs: 1_767_225_600_000,
  because: "a test said so",
};
