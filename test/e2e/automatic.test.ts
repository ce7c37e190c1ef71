/** `failover: automatic`: what the world decides by itself, and what it says about it. */
import { describe, expect, test } from "vitest";
import type { ApiEvent } from "../../src/api/api.ts";
import type { ApiOperation } from "../../src/api/operations-api.ts";
import { Ledger } from "./ledger.ts";
import { ask, untilSettled } from "./operations.ts";
import { sharedWorld } from "./shared-world.ts";
import { until } from "./until.ts";
import type { World } from "./world.ts";
import { east, globalDatabase, west } from "./yaml.ts";

const the = sharedWorld({
  databases: { orders: { ...globalDatabase, failover: "automatic" } },
});
/** 20 s: the silence, a lease and a promotion are 6 s on a machine that has nothing else to do. */
const decisionMs = 20_000;

async function untilEvent(world: World, kind: string, says: RegExp): Promise<ApiEvent> {
  return await until(`there is ${kind} that says ${String(says)}`, decisionMs, async () => {
    const { events } = await ask<{ readonly events: readonly ApiEvent[] }>(
      world,
      "GET",
      "/v1/events?limit=1000",
    );
    return events.findLast((event) => event.kind === kind && says.test(event.message));
  });
}

async function primary(world: World): Promise<string | null | undefined> {
  return (await world.status()).databases["orders"]?.primary;
}

async function setControllerLink(world: World, to: "--up" | "--down"): Promise<void> {
  await world.ok(["link", "set", "controller", east, to]);
}

describe.sequential("a database that may fail over by itself", () => {
  test("stays where it is while another Region still hears its writer, and fails no write", async () => {
    const world = the();
    await untilSettled(world, "orders", 30_000);
    await using ledger = await Ledger.start(world, "orders", east);
    await setControllerLink(world, "--down");
    const { details } = await untilEvent(world, "failover.withheld", /still hears/);
    const written = ledger.acknowledged.length;
    await until("the client goes on", 10_000, () => ledger.acknowledged.length > written + 200);
    expect(await primary(world)).toBe(east);
    await setControllerLink(world, "--up");
    await untilEvent(world, "failover.not-needed", /is heard/);
    await ledger.stop();
    expect(details["because"]).toContain(`${west} still hears ${east}`);
    expect(ledger.failures).toEqual([]);
    expect(await ledger.missingIn(world, "orders", east)).toEqual([]);
  });

  test("stays where it is when a person stops the primary Region", async () => {
    const world = the();
    await untilSettled(world, "orders", 30_000);
    await world.ok(["region", "stop", east]);
    await untilEvent(world, "failover.withheld", /a person stopped that Region/);
    expect(await primary(world)).toBe(east);
    await world.ok(["region", "start", east]);
    expect(await untilSettled(world, "orders", 60_000)).toBe(east);
  });

  test("moves by itself when the primary Region is killed, and says why", async () => {
    const world = the();
    await untilSettled(world, "orders", 30_000);
    await world.sql("orders", east, "CREATE TABLE moved (id int)");
    const startedMs = performance.now();
    await world.ok(["region", "kill", east]);
    await until("the new writer accepts a row", decisionMs, async () => {
      await world.sql("orders", west, "INSERT INTO moved VALUES (1)");
      return true;
    });
    const tookMs = Math.round(performance.now() - startedMs);
    console.log(`automatic failover: from the kill to the first new row ${tookMs} ms`);
    const decided = await untilEvent(world, "failover.decided", /us-west-2 has the most/);
    const failedOver = await untilEvent(world, "database.failed-over", /./);
    expect(decided.details).toMatchObject({ to: west, epoch: 1 });
    expect(failedOver.details).toMatchObject({ rdsEventId: "RDS-EVENT-0184" });
    const { operations } = await world.json<{ operations: readonly ApiOperation[] }>([
      "operations",
    ]);
    expect(operations[0]).toMatchObject({ requestedBy: "policy", outcome: "completed", to: west });
  });

  test("never moves back by itself, and pauses after a failover", async () => {
    const world = the();
    await world.ok(["region", "start", east]);
    await untilSettled(world, "orders", 60_000);
    expect(await primary(world)).toBe(west);
    await world.ok(["region", "kill", west]);
    await untilEvent(world, "failover.withheld", /the last failover was \d+ s ago/);
    expect(await primary(world)).toBe(west);
    await world.ok(["region", "start", west]);
    await untilSettled(world, "orders", 60_000);
  });
});
