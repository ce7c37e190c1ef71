/** Losing a Region and getting it back. */
import { describe, expect, test } from "vitest";
import { Ledger } from "./ledger.ts";
import { isAlive } from "./processes.ts";
import { sharedWorld } from "./shared-world.ts";
import { until } from "./until.ts";
import { instanceIn } from "./world.ts";
import { east, globalDatabase, west } from "./yaml.ts";

const the = sharedWorld({ databases: { orders: globalDatabase, catalog: globalDatabase } });

/** Loosely: the figure itself is the benchmark's. */
const killBoundMs = 1_000;

describe.sequential("a Region", () => {
  test("is killed with every process in it, and comes back with what was written meanwhile", async () => {
    const world = the();
    const doomed = world.processesIn(west).map(({ pid }) => pid);
    expect(doomed.length).toBeGreaterThan(10);
    const killed = await world.json<{ tookMs: number }>(["region", "kill", west]);
    expect(doomed.filter(isAlive)).toEqual([]);
    expect(killed.tookMs).toBeLessThan(killBoundMs);
    const status = await world.status();
    expect(status.regions[west]?.state).toBe("killed");
    expect(instanceIn(status, "orders", west).state).not.toBe("serving");
    expect(status.regions[east]?.state).toBe("serving");
    await world.sql(
      "orders",
      east,
      "CREATE TABLE meanwhile (id int); INSERT INTO meanwhile VALUES (1)",
    );
    await world.ok(["region", "start", west]);
    expect(instanceIn(await world.status(), "orders", west).state).toBe("serving");
    const rows = await until("what was written meanwhile is there", 10_000, async () =>
      world.sql("orders", west, "SELECT id FROM meanwhile"),
    );
    expect(rows).toEqual([{ id: 1 }]);
  });

  test("of the writer is killed: reads elsewhere go on, and no acknowledged commit is lost", async () => {
    const world = the();
    await using ledger = await Ledger.start(world, "orders", east);
    await until("some rows are acknowledged", 10_000, () => ledger.acknowledged.length > 50);
    const doomed = world.processesIn(east).map(({ pid }) => pid);
    await world.ok(["region", "kill", east]);
    const acknowledged = ledger.acknowledged.length;
    expect(doomed.filter(isAlive)).toEqual([]);
    const [read] = await world.sql("orders", west, "SELECT count(*)::int AS n FROM ledger");
    expect(read?.["n"]).toBeGreaterThan(0);
    // No backend is left that could acknowledge.
    await until("the client has noticed", 10_000, () => ledger.failures.length > 2);
    expect(ledger.acknowledged.length).toBe(acknowledged);
    await world.ok(["region", "start", east]);
    await until(
      "the client writes again",
      10_000,
      () => ledger.acknowledged.length > acknowledged + 10,
    );
    await ledger.stop();
    expect(await ledger.missingIn(world, "orders", east)).toEqual([]);
    const missing = await until("the secondary has everything", 15_000, async () => {
      const list = await ledger.missingIn(world, "orders", west);
      return list.length === 0 && list;
    });
    expect(missing).toEqual([]);
    const { databases } = await world.status();
    expect(databases["orders"]).toMatchObject({ epoch: 1, primary: east });
  });

  test("is stopped cleanly and started again", async () => {
    const world = the();
    const doomed = world.processesIn(west).map(({ pid }) => pid);
    await world.ok(["region", "stop", west]);
    expect(doomed.filter(isAlive)).toEqual([]);
    expect((await world.status()).regions[west]?.state).toBe("stopped");
    expect(world.logTails()).toContain("database system is shut down");
    const out = await world.ok(["region", "start", west]);
    expect(out).toContain(`${west} serves`);
    expect((await world.untilReady()).regions[west]?.state).toBe("serving");
  });

  test("that is stopped twice, killed while stopped and started while it runs does no harm", async () => {
    const world = the();
    await world.ok(["region", "stop", west]);
    await world.ok(["region", "stop", west]);
    await world.ok(["region", "kill", west]);
    await world.ok(["region", "start", west]);
    const before = world.postmaster(west, "orders-1");
    await world.ok(["region", "start", west]);
    expect(world.postmaster(west, "orders-1")).toBe(before);
    expect((await world.untilReady()).isReady).toBe(true);
  });

  test("of the writer that starts isolated accepts no writes until it is healed", async () => {
    const world = the();
    await world.ok(["region", "isolate", east]);
    await world.ok(["region", "kill", east]);
    // The agent after it may use up the lease that it had.
    await world.untilStatus("its lease is over", 15_000, ({ databases }) =>
      Object.values(databases).every(({ lease }) => lease?.state === "over"),
    );
    const out = await world.ok(["region", "start", east]);
    expect(out).toContain("it is isolated");
    await until("its agent has asked in vain", 15_000, async () => {
      const logs = await world.ok(["logs", `agent-${east}`, "--json", "-n", "20"]);
      return logs.includes("agent.controller-silent");
    });
    expect(() => world.postmaster(east, "orders-1")).toThrow("No postmaster");
    expect((await world.status()).regions[east]?.state).toBe("isolated");
    await world.ok(["region", "heal", east]);
    const status = await world.untilReady();
    expect(status.databases["orders"]?.writer).toMatchObject({ region: east, state: "serving" });
  });
});
