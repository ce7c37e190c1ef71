/** With a real PgBouncer, between real clients and two real PostgreSQL servers that stand for two gateways. */
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { isProcessAlive } from "../env/node/process-life.ts";
import { drawAddress, eventually, soon } from "../../test/postgres/scratch.ts";
import {
  east,
  findPgbouncer,
  Load,
  NearEnd,
  PoolerBench,
  TwoGateways,
  west,
  writerIn,
} from "../../test/pooler/pooler-bench.ts";

const program = await findPgbouncer();

let gateways: TwoGateways;
beforeAll(async () => {
  gateways = await TwoGateways.open();
});
afterAll(async () => {
  await gateways[Symbol.asyncDispose]();
});

function bench(options: ConstructorParameters<typeof PoolerBench>[2] = {}): PoolerBench {
  if (!program) throw new Error("there is no PgBouncer");
  return new PoolerBench(gateways, program, options);
}

async function placeOf(one: PoolerBench, database = "gdbdemo"): Promise<unknown> {
  const client = await one.client(database);
  const { rows } = await client.query<{ name: string }>("SELECT name FROM place");
  await client.end();
  return rows[0]?.name;
}

function egrep(text: string): readonly string[] {
  return text.split("\n").filter((line) => line.startsWith("gdbdemo"));
}

describe.skipIf(program === undefined)("with a real PgBouncer", () => {
  test("moves under load fail nothing, and leave no server of the old gateway", async () => {
    await using one = bench();
    const pooler = await one.start(east);
    const load = new Load(one, { staying: 8, coming: 2 });
    for (const to of [west, east, west, east, west]) {
      const before = load.done;
      await eventually("the load goes on", async () => load.done > before + 50);
      await one.move(pooler, to);
      const host = to === west ? gateways.west.host : gateways.east.host;
      await eventually("only new servers", async () => {
        const hosts = await one.serverHosts();
        return hosts.length === 1 && hosts[0] === host;
      });
      expect(await placeOf(one)).toBe(to === west ? "west" : "east");
      expect(await placeOf(one, "gdbdemo-ro")).toBe("east");
    }
    await load.end();
    expect(load.errors).toEqual([]);
    expect(await one.isPaused()).toBe(false);
    const moves = one.events.filter(({ kind }) => kind === "pooler.moved");
    expect(moves).toHaveLength(5);
    expect(pooler.facts().moves).toBe(5);
    const ms = moves.map(({ details }) => details["ms"]);
    console.log(
      `${load.done} transactions, moves of ${ms.join(", ")} ms, longest wait ${load.longestMs.toFixed(0)} ms`,
    );
  });

  test("its file is for egrep, and its passwords are for nobody else", async () => {
    await using one = bench();
    const pooler = await one.start(east);
    const lines = (host: string): readonly string[] => [
      `gdbdemo = host=${host} port=5432 dbname=orders-rw`,
      `gdbdemo-ro = host=${gateways.east.host} port=5432 dbname=orders-ro`,
    ];
    expect(egrep(one.ini())).toEqual(lines(gateways.east.host));
    await one.move(pooler, west);
    expect(egrep(one.ini())).toEqual(lines(gateways.west.host));
    expect(statSync(join(one.directory, "users.txt")).mode & 0o777).toBe(0o600);
    expect(pooler.facts().databases).toMatchObject([
      { name: "gdbdemo", host: gateways.west.host, dbname: "orders-rw" },
      { name: "gdbdemo-ro", host: gateways.east.host, dbname: "orders-ro" },
    ]);
  });

  test("a writer that is not open, or not known, leaves the names where they are", async () => {
    await using one = bench();
    const pooler = await one.start(west);
    for (const writers of [writerIn(undefined), writerIn(east, false), []]) {
      pooler.follow(writers);
      // Empty now; it is written anew from what the loop has been told.
      writeFileSync(join(one.directory, "pgbouncer.ini"), "");
      pooler.follow(writers);
      await eventually("it is written", async () => egrep(one.ini()).length === 2);
      expect(egrep(one.ini())[0]).toContain(gateways.west.host);
    }
    await one.move(pooler, east);
  });

  test("a transaction beyond the deadline ends where it began, and holds up nobody else", async () => {
    await using one = bench({ pauseMs: 300 });
    const pooler = await one.start(east);
    const long = await one.client();
    await long.query("BEGIN");
    await long.query("SELECT 1");
    const startedMs = performance.now();
    await one.move(pooler, west);
    expect(await placeOf(one)).toBe("west");
    expect(performance.now() - startedMs).toBeLessThan(3_000);
    expect(one.events.at(-1)?.details).toMatchObject({ pause: "deadline" });
    const { rows } = await long.query<{ name: string }>("SELECT name FROM place");
    expect(rows).toEqual([{ name: "east" }]);
    await long.query("COMMIT");
    const after = await long.query<{ name: string }>("SELECT name FROM place");
    expect(after.rows).toEqual([{ name: "west" }]);
    expect(await one.serverHosts()).toEqual([gateways.west.host]);
  });

  test("a PgBouncer that is killed in a move comes back in step", async () => {
    await using one = bench({ pauseMs: 10_000 });
    const pooler = await one.start(east);
    const long = await one.client();
    await long.query("BEGIN");
    pooler.follow(writerIn(west));
    await eventually("it is paused", async () => one.isPaused());
    const { pid } = one;
    process.kill(pid, "SIGKILL");
    await eventually("another one runs", async () => one.pid !== pid && isProcessAlive(one.pid));
    await one.move(pooler, west);
    expect(await placeOf(one)).toBe("west");
    expect(await one.isPaused()).toBe(false);
  });

  test("an agent that ends after its PAUSE leaves nothing paused, nor does one that dies", async () => {
    await using one = bench({ pauseMs: 10_000 });
    const first = one.agent();
    first.pooler.follow(writerIn(west));
    const running = first.pooler.run(first.end.signal);
    await one.inStep(first.pooler);
    const { pid } = one;
    const long = await one.client();
    await long.query("BEGIN");
    first.pooler.follow(writerIn(east));
    await eventually("it is paused", async () => one.isPaused());
    first.end.abort();
    await running;
    expect(await one.isPaused()).toBe(false);
    await long.query("COMMIT");
    // What is left by one that had no time to say so.
    await one.console("PAUSE gdbdemo");
    const second = one.agent();
    void second.pooler.run(second.end.signal);
    await one.inStep(second.pooler);
    expect(await one.isPaused()).toBe(false);
    expect(one.pid).toBe(pid);
    expect(one.events.map(({ kind }) => kind)).toContain("pooler.resumed");
    // The second has not been told anything: the file says where the names are.
    expect(await placeOf(one)).toBe("west");
    await one.move(second.pooler, east);
  });

  test("clients of a gateway that is gone are let go, and nobody else waits for it", async () => {
    await using link = await NearEnd.open(gateways.west);
    await using one = bench({ pauseMs: 10_000, westAt: link.address });
    const pooler = await one.start(west);
    const [idle, stuck, reader] = await Promise.all([
      one.client(),
      one.client(),
      one.client("gdbdemo-ro"),
    ]);
    await idle.query("SELECT 1");
    await reader.query("SELECT 1");
    const statement = stuck.query("SELECT pg_sleep(1000)").then(
      () => "done",
      (error: Error) => error.message,
    );
    await eventually("it is under way", async () => {
      const rows = await one.console("SHOW SERVERS");
      return rows.some(({ database, state }) => database === "gdbdemo" && state === "active");
    });
    link.cut();
    const startedMs = performance.now();
    pooler.follow(writerIn(east));
    const { rows } = await idle.query<{ name: string }>("SELECT name FROM place");
    const goesOnMs = performance.now() - startedMs;
    expect(rows).toEqual([{ name: "east" }]);
    expect(goesOnMs).toBeLessThan(3_000);
    expect(await statement).toMatch(/query timeout|query_timeout/);
    console.log(
      `others went on after ${goesOnMs.toFixed(0)} ms, the lost one heard after ${(performance.now() - startedMs).toFixed(0)} ms`,
    );
    expect((await reader.query("SELECT 1")).rowCount).toBe(1);
    expect((await idle.query("SELECT 1")).rowCount).toBe(1);
    await eventually("it was told", async () =>
      one.events.some((e) => e.kind === "pooler.evicted"),
    );
  });

  test("clients that wait for a gateway that refuses are served as soon as it is left", async () => {
    await using one = bench({ westAt: drawAddress() });
    const pooler = await one.start(west);
    const waiting = placeOf(one);
    await eventually("it waits", async () => {
      const rows = await one.console("SHOW POOLS");
      return rows.some(({ cl_waiting: count }) => Number(count) > 0);
    });
    const startedMs = performance.now();
    pooler.follow(writerIn(east));
    expect(await waiting).toBe("east");
    expect(performance.now() - startedMs).toBeLessThan(2_000);
    expect(one.events.map(({ details }) => details["pause"])).toEqual(["silent"]);
  });

  test("a file that somebody has changed is put back", async () => {
    await using one = bench();
    const pooler = await one.start(east);
    const path = join(one.directory, "pgbouncer.ini");
    const right = readFileSync(path, "utf8");
    writeFileSync(path, right.replace(gateways.east.host, gateways.west.host));
    await one.console("RELOAD");
    pooler.follow(writerIn(east));
    await eventually("it is put back", async () => one.ini() === right);
    await one.inStep(pooler);
    await eventually("it leads back", async () => (await placeOf(one)) === "east");
    expect(one.events.map(({ kind }) => kind)).toContain("pooler.mended");
  });

  test("a program that is not there is said to be missing, and an end waits for nothing", async () => {
    await using one = bench({ bin: "/nowhere/pgbouncer" });
    const { pooler, end } = one.agent();
    const running = pooler.run(end.signal);
    await eventually("it is said", async () => pooler.facts().because.includes("/nowhere"));
    expect(pooler.facts()).toMatchObject({ isRunning: false, isInStep: false });
    end.abort();
    await running;
  });

  test("it ends with its Region: statements first, and by force when they take too long", async () => {
    await using one = bench();
    const pooler = await one.start(east);
    const { pid } = one;
    const long = await one.client();
    const statement = long.query("SELECT pg_sleep(0.5)").then(
      () => "done",
      () => "lost",
    );
    await eventually("it is under way", async () => {
      const rows = await one.console("SHOW SERVERS");
      return rows.some(({ state }) => state === "active");
    });
    await pooler.leave(soon());
    expect(isProcessAlive(pid)).toBe(false);
    expect(await statement).toBe("done");
    const next = await one.start(east);
    const endless = (await one.client()).query("SELECT pg_sleep(1000)").catch(() => "lost");
    await eventually("it is under way", async () => {
      const rows = await one.console("SHOW SERVERS");
      return rows.some(({ state }) => state === "active");
    });
    const [second, startedMs] = [one.pid, performance.now()];
    await next.leave(soon());
    expect(isProcessAlive(second)).toBe(false);
    expect(performance.now() - startedMs).toBeLessThan(4_000);
    expect(await endless).toBe("lost");
  });
});
