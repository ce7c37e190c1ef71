/** Programs die and come back; what clients see, and that nothing survives a supervisor. */
import { describe, expect, test } from "vitest";
import { Ledger } from "./ledger.ts";
import { isAlive } from "./processes.ts";
import { sharedWorld } from "./shared-world.ts";
import { until } from "./until.ts";
import { east, west } from "./yaml.ts";

const the = sharedWorld();

describe.sequential("when it is killed", () => {
  test("a controller fails no write, and is back with a higher term", async () => {
    const world = the();
    const before = await world.status();
    await using ledger = await Ledger.start(world, "orders", east);
    await until("some rows are acknowledged", 10_000, () => ledger.acknowledged.length > 20);
    const controller = world.program("controller");
    process.kill(controller, "SIGKILL");
    await until("it is gone", 2_000, () => !isAlive(controller));
    const after = await world.untilStatus("the API answers", 5_000, () => true);
    const written = ledger.acknowledged.length;
    await world.untilReady();
    await until("the client goes on", 5_000, () => ledger.acknowledged.length > written + 20);
    await ledger.stop();
    expect(after.controller.term).toBeGreaterThan(before.controller.term);
    expect(ledger.failures).toEqual([]);
    expect(await ledger.missingIn(world, "orders", east)).toEqual([]);
  });

  test("an agent fails no write, and the next one adopts its servers", async () => {
    const world = the();
    const postmaster = world.postmaster(east, "orders-1");
    await using ledger = await Ledger.start(world, "orders", east);
    const agent = world.program(`agent-${east}`);
    process.kill(agent, "SIGKILL");
    await until("another agent runs", 10_000, () => world.program(`agent-${east}`) !== agent);
    await until("it has adopted the server", 10_000, () =>
      world.logTails().includes("database.instance-adopted"),
    );
    await world.untilReady();
    const written = ledger.acknowledged.length;
    await until("the client goes on", 5_000, () => ledger.acknowledged.length > written + 20);
    await ledger.stop();
    expect(world.postmaster(east, "orders-1")).toBe(postmaster);
    expect(ledger.failures).toEqual([]);
  });

  test("a PostgreSQL is started again, and has every acknowledged row", async () => {
    const world = the();
    const postmaster = world.postmaster(east, "orders-1");
    await using ledger = await Ledger.start(world, "orders", east);
    await until("some rows are acknowledged", 10_000, () => ledger.acknowledged.length > 20);
    process.kill(postmaster, "SIGKILL");
    await until(
      "another one runs",
      20_000,
      () => world.postmaster(east, "orders-1") !== postmaster,
    );
    const written = ledger.acknowledged.length;
    await until("the client goes on", 20_000, () => ledger.acknowledged.length > written + 20);
    await ledger.stop();
    expect(await ledger.missingIn(world, "orders", east)).toEqual([]);
    expect((await world.untilReady()).isReady).toBe(true);
  });

  test("the network program comes back with the links, and replication goes on", async () => {
    const world = the();
    await world.sql("orders", east, "CREATE TABLE carried (id int)");
    const network = world.program("network");
    process.kill(network, "SIGKILL");
    await until("another one runs", 10_000, () => world.program("network") !== network);
    // With the conditions that people set, from the first connection on.
    await until("it has opened its links", 10_000, () =>
      /"revision":[1-9]\d*,"event":"network\.links-open"/.test(world.logTails()),
    );
    await world.sql("orders", east, "INSERT INTO carried VALUES (1)");
    const rows = await until("the row has arrived", 30_000, async () => {
      const found = await world.sql("orders", west, "SELECT id FROM carried");
      return found.length === 1 && found;
    });
    expect(rows).toEqual([{ id: 1 }]);
    expect((await world.untilReady()).isReady).toBe(true);
  });

  test("the first process of a Region takes the Region with it, and region start brings it back", async (context) => {
    const world = the();
    const namespaces = new Set(world.processes().map(({ namespace }) => namespace));
    if (namespaces.size === 1) context.skip("a Region is no PID namespace on this machine");
    const doomed = world.processesIn(west).map(({ pid }) => pid);
    const host = world.host(west);
    const first = world.processes().find(({ parent }) => parent === host);
    expect(first?.command).toContain("leeward-host");
    process.kill(first?.pid ?? 0, "SIGKILL");
    await until("every process of the Region is gone", 5_000, () => !doomed.some(isAlive));
    await world.untilStatus(
      "it is shown as killed",
      5_000,
      (status) => status.regions[west]?.state === "killed",
    );
    await world.ok(["region", "start", west]);
    expect((await world.untilReady()).regions[west]?.state).toBe("serving");
  });

  test("the supervisor takes everything with it, and the next up has the data", async () => {
    const world = the();
    const doomed = world.processes().map(({ pid }) => pid);
    expect(doomed.length).toBeGreaterThan(10);
    const [before] = await world.sql("orders", east, "SELECT count(*)::int AS n FROM ledger");
    process.kill(world.program("supervisor"), "SIGKILL");
    // One that is half gone names no directory any more, and is alive all the same.
    const isOver = () => world.processes().length === 0 && !doomed.some(isAlive);
    await until("no process is left", 2_000, isOver);
    await world.up();
    for (const region of [east, west]) {
      expect(await world.sql("orders", region, "SELECT count(*)::int AS n FROM ledger")).toEqual([
        before,
      ]);
    }
  });
});
