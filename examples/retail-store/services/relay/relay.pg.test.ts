/** From the outbox to what is counted, by a real RabbitMQ, a real Redis and a real PostgreSQL. */
import { connect, type ChannelModel } from "amqplib";
import { Ajv } from "ajv";
import addFormats from "ajv-formats";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test, type TestContext } from "vitest";
import { eventually } from "../../../../test/postgres/scratch.ts";
import {
  OrdersBench,
  placeOrder,
  purchaseValues,
} from "../../../../test/retail-store/orders-bench.ts";
import { ServiceBench } from "../../../../test/service/service-bench.ts";
import { Failure } from "../../../../src/model/failure.ts";
import type { DatabaseId } from "../../../../src/model/region.ts";
import { installPackages } from "../../../../src/service/debian-packages.ts";
import { addressOf } from "../../../../src/service/launch.ts";
import { exchange } from "../shared/broker.ts";
import { EventConsumer } from "../events/consumer.ts";
import { EventCounts, type Counts } from "../events/counts.ts";
import { Publisher } from "./publisher.ts";
import { Relay } from "./relay.ts";

let orders: OrdersBench;
let services: ServiceBench;
let urls: { readonly rabbitmq: string; readonly redis: string };
let counts: EventCounts;
let consumer: EventConsumer;
let consuming: Promise<void>;
let listening: ChannelModel;
const end = new AbortController();
/** Without it the broker is not started again, until a test says so. */
const needsDatabases = ["orders" as DatabaseId];
/** Each delivery, as a consumer without a memory gets it. */
const heard: { readonly id: number; readonly type: string; readonly content: unknown }[] = [];
let missing: string | undefined;

beforeAll(async () => {
  services = await ServiceBench.open();
  const programs = ["redis-server", "rabbitmq-server"] as const;
  try {
    await installPackages(programs, services.packages, AbortSignal.timeout(100_000));
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    missing = error.message;
    console.warn(`SKIPPED: ${missing}`);
    return;
  }
  const usual = { path: undefined, startMs: 60_000, stopMs: 20_000 };
  const broker = services.settings({ ...usual, name: "broker", kind: "rabbitmq", needsDatabases });
  const memory = services.settings({ ...usual, name: "memory", kind: "redis" });
  for (const database of needsDatabases) services.databases.add(database);
  services.start(broker, memory);
  [orders] = await Promise.all([OrdersBench.open(), isReady("broker"), isReady("memory")]);
  const at = { rabbitmq: addressOf(broker, 1), redis: addressOf(memory, 1) };
  urls = {
    rabbitmq: `amqp://${at.rabbitmq.host}:${at.rabbitmq.port}`,
    redis: `redis://${at.redis.host}:${at.redis.port}`,
  };
  counts = new EventCounts(urls.redis);
  consumer = new EventConsumer(urls.rabbitmq, counts);
  consuming = consumer.run(end.signal);
  await eventually("it consumes", async () => consumer.status.connected);
  await listen();
}, 120_000);

beforeEach((context: TestContext) => {
  if (missing !== undefined) context.skip(missing);
  heard.length = 0;
});

afterAll(async () => {
  end.abort();
  await consuming;
  counts?.close();
  await listening?.close().catch(() => undefined);
  await orders?.close();
  await services.close();
});

const isReady = (name: string): Promise<void> =>
  services.until(`${name} is ready`, () => services.facts(name)?.state === "ready", 60_000);

async function listen(): Promise<void> {
  listening = await connect(urls.rabbitmq);
  listening.on("error", () => undefined);
  const channel = await listening.createChannel();
  // It outlives the broker, so that nothing is missed while nobody listens.
  const { queue } = await channel.assertQueue("relay-test", { durable: true });
  await channel.bindQueue(queue, exchange, "");
  await channel.consume(queue, (message) => {
    if (!message) return;
    const content = JSON.parse(String(message.content)) as { order: { id: number } };
    heard.push({ id: content.order.id, type: String(message.properties.type), content });
    channel.ack(message);
  });
}

async function place(): Promise<number> {
  const values = purchaseValues({ lines: [{ productId: 1, quantity: 1, unitPrice: 42.95 }] });
  const [placed] = await orders.rows<{ document: { id: number } }>(placeOrder, values);
  return placed?.document.id ?? Number.NaN;
}

const cancel = (number: number): Promise<unknown> =>
  orders.rows("select * from cancel_order($1, 'guest:1')", [number]);

/** As in a process of its own, until `stop`. */
function startRelay(): { readonly relay: Relay; readonly stop: () => Promise<void> } {
  const relay = new Relay(orders.database, new Publisher(urls.rabbitmq));
  const stopped = new AbortController();
  const running = relay.run(stopped.signal);
  const stop = async (): Promise<void> => {
    stopped.abort();
    await running;
  };
  return { relay, stop };
}

const waitForLocks = "select pid from pg_stat_activity where wait_event_type = 'Lock'";

async function waiting(): Promise<number> {
  const sql = "select count(*)::int as n from outbox where published_at is null";
  return (await orders.rows<{ n: number }>(sql))[0]?.n ?? -1;
}

/** What has been counted since `before`. */
async function since(before: Counts): Promise<Counts> {
  const now = await counts.read();
  return {
    OrderCreated: now.OrderCreated - before.OrderCreated,
    OrderCancelled: now.OrderCancelled - before.OrderCancelled,
    duplicates: now.duplicates - before.duplicates,
    orders: now.orders - before.orders,
  };
}

async function countedSince(before: Counts, wanted: Partial<Counts>): Promise<void> {
  await eventually(`counted: ${JSON.stringify(wanted)}`, async () => {
    const found = await since(before);
    return Object.entries(wanted).every(([name, n]) => found[name as keyof Counts] >= n);
  });
}

/** What is counted may be heard here a moment later. */
async function expectInOrder(numbers: readonly number[]): Promise<void> {
  const typesOf = (number: number): readonly string[] => [
    ...new Set(heard.filter(({ id }) => id === number).map(({ type }) => type)),
  ];
  await eventually("all are heard", async () => numbers.every((one) => typesOf(one).length === 2));
  for (const number of numbers) {
    expect(typesOf(number)).toEqual(["OrderCreated", "OrderCancelled"]);
  }
}

test("an order and its cancellation are told in their order, in the form of the schemas, and counted once", async () => {
  const before = await counts.read();
  const number = await place();
  await cancel(number);
  const { relay, stop } = startRelay();
  await countedSince(before, { OrderCreated: 1, OrderCancelled: 1 });
  await eventually("both are marked", async () => (await waiting()) === 0);
  await stop();
  expect(relay.status).toEqual({ active: true, published: 2, lastError: undefined });
  expect(await since(before)).toEqual({
    OrderCreated: 1,
    OrderCancelled: 1,
    duplicates: 0,
    orders: 1,
  });
  expect(await counts.ordersAfter(number - 1)).toEqual([number]);
  await expectInOrder([number]);
  const ajv = new Ajv({ strict: true });
  addFormats.default(ajv);
  for (const [index, name] of ["order-created", "order-cancelled"].entries()) {
    const path = join(import.meta.dirname, "..", "..", "schemas", `${name}.json`);
    const isValid = ajv.compile(JSON.parse(readFileSync(path, "utf8")) as object);
    const isSo = isValid(heard[index]?.content);
    expect([isSo, isValid.errors]).toEqual([true, null]);
  }
});

test("a relay that is killed between publishing and marking publishes again, and it is counted once", async () => {
  const before = await counts.read();
  await place();
  // Whoever wants to mark it waits.
  const held = await orders.hold("select from outbox where published_at is null for update");
  const relay = spawn(process.execPath, ["--import", "tsx", join(import.meta.dirname, "main.ts")], {
    stdio: "inherit",
    env: {
      PATH: process.env["PATH"],
      HOST: orders.address.host,
      PORT: "0",
      LEEWARD_REGION: "us-east-1",
      LEEWARD_REPLICA: "1",
      ORDERS_URL: orders.url(),
      RABBITMQ_URL: urls.rabbitmq,
    },
  });
  const gone = once(relay, "exit");
  try {
    await countedSince(before, { OrderCreated: 1 });
    await eventually("it would mark it", async () => (await orders.rows(waitForLocks)).length > 0);
  } finally {
    relay.kill("SIGKILL");
    await gone;
  }
  // Its statement waits in PostgreSQL without it, and must not be done after all.
  await orders.rows(`select pg_terminate_backend(pid) from (${waitForLocks}) as waiting`);
  await held.release();
  expect(await waiting()).toBe(1);
  const { stop } = startRelay();
  await countedSince(before, { duplicates: 1 });
  await eventually("it is marked", async () => (await waiting()) === 0);
  await stop();
  expect(await since(before)).toMatchObject({ OrderCreated: 1, duplicates: 1, orders: 1 });
});

test("two relays at once tell everything, and each order's events first in their order", async () => {
  const before = await counts.read();
  await orders.rows("update inventory set on_hand = 1000");
  const both = [startRelay(), startRelay()];
  const numbers = await Promise.all(
    Array.from({ length: 30 }, async () => {
      const number = await place();
      await cancel(number);
      return number;
    }),
  );
  await countedSince(before, { OrderCreated: 30, OrderCancelled: 30 });
  await eventually("all are marked", async () => (await waiting()) === 0);
  await Promise.all(both.map(({ stop }) => stop()));
  const { duplicates, ...counted } = await since(before);
  expect(counted).toEqual({ OrderCreated: 30, OrderCancelled: 30, orders: 30 });
  console.log(`two relays told ${duplicates} of 60 events twice`);
  await expectInOrder(numbers);
});

test("events that come while Redis is away are counted when it is back", async () => {
  const before = await counts.read();
  const { stop } = startRelay();
  process.kill(services.pid("memory"), "SIGKILL");
  await place();
  await eventually("it is published", async () => (await waiting()) === 0);
  await eventually("Redis is back", () =>
    counts.read().then(
      () => true,
      () => false,
    ),
  );
  await countedSince(before, { OrderCreated: 1 });
  await stop();
  expect(await since(before)).toMatchObject({ OrderCreated: 1, orders: 1 });
});

test("while the broker is away orders go through, and their events follow in their order when it is back", async () => {
  const before = await counts.read();
  const { relay, stop } = startRelay();
  services.databases.clear();
  process.kill(services.pid("broker"), "SIGKILL");
  await eventually("it is missed", async () => !consumer.status.connected);
  const numbers = [await place(), await place(), await place()];
  for (const number of numbers) await cancel(number);
  await eventually("the relay says so", async () => relay.status.lastError !== undefined);
  expect(await waiting()).toBe(6);
  for (const database of needsDatabases) services.databases.add(database);
  services.services.lookAgain();
  await isReady("broker");
  await listen();
  await countedSince(before, { OrderCreated: 3, OrderCancelled: 3 });
  await expectInOrder(numbers);
  await eventually("all are marked", async () => (await waiting()) === 0);
  await stop();
});
