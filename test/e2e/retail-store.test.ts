/** The shop of examples/retail-store in two Regions: what its people see on good days and on bad ones. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Page } from "playwright-core";
import type { ApiOperation } from "../../src/api/operations-api.ts";
import { withPerson, type Person } from "./browser.ts";
import { operationsOf, untilSettled } from "./operations.ts";
import { sharedWorld } from "./shared-world.ts";
import { buy, expectInHistory, foot, type Bought } from "./shopping.ts";
import { audit, cleanBooks, Crowd, unheard } from "./store-crowd.ts";
import { apiProduct, untilReadHereWriteThere } from "./store-places.ts";
import { storeWorld } from "./store-world.ts";
import { until } from "./until.ts";
import { Visitors } from "./visitors.ts";
import { east, west } from "./yaml.ts";

const the = sharedWorld(storeWorld());

const at = (region: number, last: number, port: number): string =>
  `http://127.${the().number}.${region}.${last}:${port}`;
const entry = (): string => at(0, 1, 8080);

/** Where the documentation's pictures are made; nothing is kept when left out. */
const picturesIn = process.env["LEEWARD_PICTURES"];

async function picture(page: Page, name: string): Promise<void> {
  if (picturesIn === undefined) return;
  mkdirSync(picturesIn, { recursive: true });
  await page.screenshot({ path: join(picturesIn, `${name}.png`) });
}

const bought: Bought[] = [];

/** Buys in a browser near to each Region, and each sees what they have bought. */
async function buyInEachRegion(moment: string): Promise<readonly string[]> {
  const answered: string[] = [];
  for (const near of [east, west]) {
    const who: Person = near === east ? { near } : { near, scheme: "dark", isPhone: true };
    await withPerson(who, async (page) => {
      const order = await buy(page, entry());
      expect(await foot(page)).toContain(`Answered by ${near}`);
      await picture(page, `order-${moment}-${near}`);
      await expectInHistory(page, entry(), order);
      expect(order.order).toBeGreaterThan(bought.at(-1)?.order ?? 0);
      bought.push(order);
      answered.push(near);
    });
  }
  return answered;
}

test("each Region reads at home and writes to the primary", async () => {
  await untilReadHereWriteThere(the(), east);
  const { Lab, instanceId } = await apiProduct(the(), west);
  expect([Lab, instanceId]).toEqual(["Leeward retail store", `${west}/webapp/1`]);
});

test("a person buys a watch in each Region and sees the order at once", async () => {
  await withPerson({}, async (page) => {
    for (const [path, name] of [
      ["/", "home"],
      ["/products/fashion?tag=watches", "category"],
      ["/products/view?id=2", "product"],
    ] as const) {
      await page.goto(`${entry()}${path}`);
      await picture(page, name);
    }
  });
  expect(await buyInEachRegion("first")).toEqual([east, west]);
});

test("people browse without scripts", async () => {
  await withPerson({ hasScripts: false, near: west }, async (page) => {
    await page.goto(`${entry()}/products/bicycles`);
    await page.getByRole("link", { name: /next/i }).first().click();
    expect(await page.locator("main img").count()).toBeGreaterThan(3);
  });
});

test("50 people buy while the writer moves, and none of them notices", async () => {
  const crowd = new Crowd(entry(), "buy");
  await crowd.untilMore(30);
  await the().ok(["switchover", "orders", "--to", west]);
  await crowd.untilMore(20);
  await the().ok(["switchover", "catalog", "--to", west]);
  await crowd.untilMore(20);
  const { result, confirmed, gapMs } = await crowd.end();
  console.log(
    `switchover: ${result.requests} requests, ${confirmed.length} orders, no order for at most ${gapMs} ms`,
  );
  expect(result.errorsByKind).toEqual([]);
  const orders = confirmed.map(({ orderId }) => orderId);
  expect(new Set(orders).size).toBe(orders.length);
  await untilSettled(the(), "orders");
  expect(await audit(the(), west, confirmed)).toEqual(cleanBooks);
  await until("the events of every order were heard", 60_000, async () => {
    return (await unheard(the(), orders)).length === 0;
  });
});

test("after the switchover it is the other way round, and people buy in each Region", async () => {
  await untilReadHereWriteThere(the(), west);
  expect(await buyInEachRegion("switched")).toEqual([east, west]);
});

test("Redis and RabbitMQ may stop: orders go through, events follow", async () => {
  const crowd = new Crowd(entry(), "buy", 8);
  await crowd.untilMore(10);
  for (const service of ["redis", "rabbitmq"]) await stopService(service);
  await crowd.untilMore(30);
  await until("Redis and RabbitMQ are back", 60_000, async () => {
    const { isReady } = await the().status();
    return isReady;
  });
  const { result, confirmed } = await crowd.end();
  expect(result.errorsByKind).toEqual([]);
  const orders = confirmed.map(({ orderId }) => orderId);
  await until("the events of every order were heard", 60_000, async () => {
    return (await unheard(the(), orders)).length === 0;
  });
  expect(await audit(the(), west, confirmed)).toEqual(cleanBooks);
});

/** In each Region; its keeper starts it again. */
async function stopService(name: string): Promise<void> {
  for (const region of [east, west]) {
    for (const { pid, command } of the().processesIn(region)) {
      const isIt = name === "redis" ? /redis-server/.test(command) : /beam\.smp/.test(command);
      if (isIt) process.kill(pid, "SIGKILL");
    }
  }
}

/** 20 s: the silence, a lease and a promotion are 6 s on a machine that has nothing else to do. */
const failoverMsMax = 20_000;

test("the primary Region dies while 50 people buy: they go on, and no confirmed order is unaccounted for", async () => {
  await untilSettled(the(), "orders");
  await untilSettled(the(), "catalog");
  const crowd = new Crowd(entry(), "buy");
  const readers = new Visitors(`${entry()}/products/fashion`, 2);
  await crowd.untilMore(30);
  const killedMs = performance.now();
  await the().ok(["region", "kill", west]);
  await crowd.untilMore(30, 90_000);
  const { result, confirmed, gapMs } = await crowd.end();
  const read = await readers.end();
  console.log(
    `Region killed: ${result.errors} of ${result.requests} requests failed, no order for at most ${gapMs} ms, ${Math.round(performance.now() - killedMs)} ms in all; ${read.bad.length} of ${read.good} readers' pages failed, no page for at most ${read.gapMs} ms`,
  );
  expect(gapMs).toBeLessThan(failoverMsMax);
  const { missing, ...books } = await audit(the(), east, confirmed);
  const { missing: _, ...clean } = cleanBooks;
  expect(books).toEqual(clean);
  const [failover] = await operationsOf(the(), "orders");
  expect(failover).toMatchObject({ kind: "failover", outcome: "completed", to: east });
  expect(isAccountedFor(missing.length, failover)).toBe(true);
});

/** The estimate counts at least what is missing, or says that it had not heard the writer since. */
function isAccountedFor(missing: number, operation: ApiOperation | undefined): boolean {
  const { transactions = 0, sampleAgeMs = 0 } = operation?.estimatedLoss ?? {};
  return missing <= transactions || sampleAgeMs > 0;
}

test("the Region comes back, the writer goes home, and people buy in each Region", async () => {
  await buyNear(east, "lost");
  await the().ok(["region", "start", west]);
  await the().untilReady(120_000);
  await untilSettled(the(), "orders");
  await untilSettled(the(), "catalog");
  await untilReadHereWriteThere(the(), east);
  expect(await buyInEachRegion("back")).toEqual([east, west]);
});

async function buyNear(near: string, moment: string): Promise<void> {
  await withPerson({ near }, async (page) => {
    const order = await buy(page, entry());
    await picture(page, `order-${moment}`);
    expect(order.order).toBeGreaterThan(bought.at(-1)?.order ?? 0);
    bought.push(order);
  });
}
