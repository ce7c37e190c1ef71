/** The whole service: a real Redis that comes and goes, a real PostgreSQL, and HTTP to stand-ins for the others. */
import { randomUUID } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { CheckoutBench, type Reply } from "../../../../test/retail-store/checkout-bench.ts";
import { findRedis } from "../../../../test/retail-store/redis-process.ts";
import { Failure } from "../../../../src/model/failure.ts";
import { FallbackStates } from "./fallback-states.ts";

let bench: CheckoutBench | undefined;
let isMissing = "";

beforeAll(async () => {
  const program = await findRedis().catch((error: unknown) => {
    if (error instanceof Failure) isMissing = error.message;
    else throw error;
  });
  if (program) bench = await CheckoutBench.open(program);
}, 120_000);

afterAll(() => bench?.close());

beforeEach((context) => {
  if (!bench) {
    console.warn(`SKIPPED: ${isMissing}`);
    context.skip(isMissing);
  }
});

const at = (): CheckoutBench => {
  if (!bench) throw new Error("there is no Redis");
  return bench;
};
const look = (id: string): Promise<Reply> => at().ask("GET", `/checkout/${id}`);
const errorOf = ({ body }: Reply): unknown => body["error"];
/** Its orders, by the session in their customer. */
const ordersOf = (id: string): number =>
  [...at().others.orders.values()].filter((order) => order["customer"] === `guest:${id}`).length;

test("a checkout becomes an order, and empties its cart", async () => {
  expect((await look("whole")).status).toBe(404);
  const { body } = await at().prepare("whole");
  expect(body).toMatchObject({ total: 60.1, cardLast4: "4242", fallback: false, status: "open" });
  const { idempotencyKey } = body as { idempotencyKey: string };
  const placed = await at().submit("whole");
  expect(placed.body).toMatchObject({ orderId: 4, total: 60.1, email: "ann@example.com" });
  expect(placed.headers).toMatchObject({
    "x-seen": "token-1",
    "x-wrote-to": "127.0.1.11;ms=2.0",
  });
  expect(at().others.headers.at(-1)).toMatchObject({
    "idempotency-key": idempotencyKey,
    "x-seen": "token-0",
  });
  expect(at().others.emptied).toContain("/carts/whole/items/2");
  expect((await look("whole")).body).toMatchObject({ status: "submitted", order: { orderId: 4 } });
  const again = await at().submit("whole");
  expect([again.body, again.headers["x-seen"]]).toEqual([placed.body, "token-1"]);
  expect(errorOf(await at().ask("POST", "/checkout/whole/update", { items: [] }))).toMatchObject({
    code: "submitted",
  });
});

test("of a card, nothing but its end is kept anywhere", async () => {
  await at().prepare("card");
  const directory = join(at().scratch.directory, "redis");
  const kept = readdirSync(directory, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".aof"))
    .map((file) => readFileSync(join(directory, file), "latin1"))
    .join("");
  expect(kept).toContain('"cardLast4":"4242"');
  expect(kept).not.toMatch(/4242[ -]?4242/);
});

test("two who submit at once get the same order", async () => {
  await at().prepare("twice");
  const both = await Promise.all([at().submit("twice"), at().submit("twice")]);
  expect(both.map(({ status }) => status)).toEqual([200, 200]);
  expect(both[0]?.body).toEqual(both[1]?.body);
  expect(ordersOf("twice")).toBe(1);
});

test("what is sold out is said in the order service's words, and the checkout stays", async () => {
  await at().prepare("sold");
  at().others.mood = "sold-out";
  const refused = await at().submit("sold");
  at().others.mood = "well";
  expect(refused.status).toBe(409);
  expect(errorOf(refused)).toEqual({
    code: "sold-out",
    message: "Nothing was ordered: Watch is sold out.",
  });
  expect((await look("sold")).body).toMatchObject({ status: "open", cardLast4: "4242" });
  expect((await at().submit("sold")).status).toBe(200);
});

test("an order whose answer was lost is found again, and does not change in between", async () => {
  await at().prepare("lost");
  at().others.mood = "lost";
  expect((await at().submit("lost")).status).toBe(503);
  at().others.mood = "well";
  const more = { items: [{ id: 2, quantity: 3 }] };
  expect(errorOf(await at().ask("POST", "/checkout/lost/update", more))).toMatchObject({
    code: "order-in-doubt",
  });
  at().others.priceOfWatch = 50;
  expect((await at().submit("lost", { total: 60.1 })).body).toMatchObject({ total: 60.1 });
  at().others.priceOfWatch = 42.95;
  expect(ordersOf("lost")).toBe(1);
});

test("who agreed to one purchase does not order another one that is under way here", async () => {
  const { body } = await at().prepare("other");
  const refused = await at().submit("other", { total: 60.1, key: randomUUID() });
  expect([refused.status, errorOf(refused)]).toMatchObject([404, { code: "no-checkout" }]);
  expect(ordersOf("other")).toBe(0);
  const { status } = await at().submit("other", { total: 60.1, key: body["idempotencyKey"] });
  expect([status, ordersOf("other")]).toEqual([200, 1]);
});

test("nobody pays another sum than the one that he was shown", async () => {
  await at().prepare("dearer");
  at().others.priceOfWatch = 50;
  expect((await look("dearer")).body).toMatchObject({ subtotal: 50 });
  const refused = await at().submit("dearer", { total: 60.1 });
  at().others.priceOfWatch = 42.95;
  expect([refused.status, errorOf(refused)]).toMatchObject([409, { code: "price-differs" }]);
  expect(ordersOf("dearer")).toBe(0);
});

test("an order stands when its cart cannot be emptied, which is done at the next look", async () => {
  await at().prepare("full");
  at().others.cartsAreWell = false;
  expect((await at().submit("full")).status).toBe(200);
  at().others.cartsAreWell = true;
  const itsPaths = (): string[] =>
    at().others.emptied.filter((path) => path.startsWith("/carts/full"));
  expect(itsPaths()).toEqual([]);
  await look("full");
  await look("full");
  // Nothing but what was ordered: more may be in it by now.
  expect(itsPaths()).toEqual(["/carts/full/items/2"]);
});

test("the same checkout changed by three at once keeps every change", async () => {
  await at().prepare("crowd");
  const changes = [
    { customerEmail: "bob@example.com" },
    { deliveryOptionToken: "priority-mail" },
    { items: [{ id: 2, quantity: 7 }] },
  ];
  const answers = await Promise.all(
    changes.map((change) => at().ask("POST", "/checkout/crowd/update", change)),
  );
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
  expect((await look("crowd")).body).toMatchObject({
    customerEmail: "bob@example.com",
    deliveryOptionToken: "priority-mail",
    items: [{ quantity: 7 }],
  });
});

test("what cannot be is refused, and says why", async () => {
  const update = (body: object): Promise<Reply> => at().ask("POST", "/checkout/bad/update", body);
  expect((await update({ items: [{ id: 2, quantity: -1 }] })).status).toBe(400);
  expect((await update({ items: [{ id: 2, quantity: 1, price: 0.01 }] })).status).toBe(400);
  expect((await update({ items: [{ id: 77, quantity: 1 }] })).status).toBe(404);
  expect((await update({ customerEmail: "'; drop table checkout_fallback" })).status).toBe(400);
  expect((await update({ filling: "x".repeat(70_000) })).status).toBe(413);
  expect((await look("a%20b")).status).toBe(400);
  expect((await look("bad")).status).toBe(404);
  await update({ items: [{ id: 2, quantity: 1 }] });
  expect(errorOf(await at().submit("bad"))).toMatchObject({ code: "incomplete" });
  const card = { number: "4242 4242 4242 4241", expires: "12/40", code: "123" };
  const refused = await at().ask("POST", "/checkout/bad/payment", card);
  expect([refused.status, JSON.stringify(refused.body)]).toEqual([
    400,
    expect.not.stringContaining("4241"),
  ]);
});

test("Redis is killed in the middle: it goes on in PostgreSQL, says so, and comes back", async () => {
  await at().prepare("killed");
  const key = (await look("killed")).body["idempotencyKey"];
  await at().redis.kill();
  expect((await look("killed")).body).toMatchObject({ fallback: true, idempotencyKey: key });
  const express = { deliveryOptionToken: "priority-mail" };
  const during = await at().ask("POST", "/checkout/killed/update", express);
  expect(during.body).toMatchObject({ fallback: true, cardLast4: "4242", shipping: 5 });
  await at().prepare("begun");
  expect((await at().submit("begun")).status).toBe(200);

  await at().redis.start();
  await at().redisIsBack();
  // What Redis had kept is older by now.
  expect((await look("killed")).body).toMatchObject({
    fallback: false,
    idempotencyKey: key,
    deliveryOptionToken: "priority-mail",
  });
  expect((await look("begun")).body).toMatchObject({ fallback: false, status: "submitted" });
  expect((await at().submit("killed")).status).toBe(200);
  expect((await at().submit("begun")).status).toBe(200);
  expect([ordersOf("killed"), ordersOf("begun")]).toEqual([1, 1]);
  expect(await at().sql("select id from checkout_fallback where id <> 'probe'")).toEqual([]);
});

test("an order that was placed as Redis went is not placed again when it is back", async () => {
  await at().prepare("gone");
  const placing = at().submit("gone");
  const killed = at().redis.kill();
  const [first] = await Promise.all([placing, killed]);
  expect(first.status).toBe(200);
  await at().redis.start();
  await at().redisIsBack();
  expect((await at().submit("gone")).body["orderId"]).toBe(first.body["orderId"]);
  expect(ordersOf("gone")).toBe(1);
});

test("what has expired is removed, and nothing else", async () => {
  await at().sql(
    `insert into checkout_fallback (id, state, expires_at)
     values ('old', '{}', now() - interval '1 s'), ('young', '{}', now() + interval '1 h')`,
  );
  const fallback = new FallbackStates(at().cartsUrl);
  try {
    await fallback.prune();
  } finally {
    await fallback.close();
  }
  const kept = await at().sql("select id from checkout_fallback where id in ('old', 'young')");
  expect(kept).toEqual([{ id: "young" }]);
});

test("a Redis that is held up makes the first wait 250 ms, and nobody after that", async () => {
  await at().prepare("held");
  at().redis.signal("SIGSTOP");
  const first = await look("held");
  const later: Reply[] = [];
  for (let count = 0; count < 20; count += 1) later.push(await look("held"));
  at().redis.signal("SIGCONT");
  expect([first, ...later].map(({ body }) => body["fallback"])).not.toContain(false);
  const laterMs = later.map(({ ms }) => ms).toSorted((a, b) => a - b);
  console.log(`held up: ${first.ms.toFixed(0)} ms, then ${laterMs[10]?.toFixed(1)} ms`);
  expect(first.ms).toBeGreaterThan(200);
  expect(laterMs[10]).toBeLessThan(100);
  await at().redisIsBack();
});
