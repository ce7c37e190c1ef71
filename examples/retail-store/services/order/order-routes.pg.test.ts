/** The order service over HTTP, with a real PostgreSQL behind it. The catalog is a small server of this test. */
import Fastify from "fastify";
import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { OrdersBench } from "../../../../test/retail-store/orders-bench.ts";
import { serviceClient, type ServiceClient } from "../shared/client.ts";
import { openDatabase, type Database } from "../shared/database.ts";
import { buildService, type Service } from "../shared/service.ts";
import { addClassicRoutes } from "./classic-routes.ts";
import { addOrderKeyRoute, addOrderRoutes } from "./order-routes.ts";
import { databaseHealth } from "../shared/deep-health.ts";

let bench: OrdersBench;
let database: Database;
let service: Service;
let products: ServiceClient;
const catalog = Fastify({ forceCloseConnections: true });
let price = 42.95;

beforeAll(async () => {
  catalog.get<{ Querystring: { productlist: string } }>("/products/getproducts", ({ query }) => ({
    product_items: query.productlist
      .split(",")
      .map(Number)
      .filter((id) => id <= 7)
      .map((id) => ({ id, name: `Watch ${id}`, price })),
  }));
  bench = await OrdersBench.open();
  products = serviceClient("product", await catalog.listen({ host: bench.address.host, port: 0 }));
  database = openDatabase({ url: bench.url(), manner: "gateway" });
  const [HOST, region] = [bench.address.host, "us-west-2"];
  const environment = { HOST, PORT: 0, LEEWARD_REGION: region, LEEWARD_REPLICA: 1 };
  service = await buildService({
    name: "order",
    environment,
    routes: (added) => {
      addOrderRoutes(added, { database, products, region });
      addOrderKeyRoute(added, { database, products, region });
      addClassicRoutes(added, { database, products, region });
    },
    deepHealth: databaseHealth(database),
  });
});
beforeEach(async () => {
  price = 42.95;
  await bench.refill();
});
afterAll(async () => {
  await service.close();
  await Promise.all([database.close(), products.close(), catalog.close()]);
  await bench.close();
});

const person = {
  customer: "guest:1",
  firstName: "Ada",
  lastName: "Lovelace",
  email: "Ada@Example.com",
  address: { address1: "St James's Square 12", city: "London" },
  delivery: "express",
  cardLast4: "4242",
};

type Reply = Awaited<ReturnType<typeof post>>;

async function post(url: string, body: object, headers: Record<string, string> = {}) {
  const reply = await service.inject({ method: "POST", url, body, headers });
  return { status: reply.statusCode, headers: reply.headers, body: reply.json() };
}

async function get(url: string) {
  const reply = await service.inject({ url });
  return { status: reply.statusCode, headers: reply.headers, body: reply.json() };
}

const buy = (change: object = {}, key: string = randomUUID()): Promise<Reply> =>
  post(
    "/orders",
    { ...person, items: [{ productId: 1, quantity: 2 }], ...change },
    { "idempotency-key": key },
  );

async function count(): Promise<number | undefined> {
  return (await bench.rows<{ n: number }>("select count(*)::int as n from customer_order"))[0]?.n;
}

test("what is bought costs what the catalog says, and says who wrote it and what to see next", async () => {
  const { status, body, headers } = await buy();
  expect(status).toBe(201);
  expect(body).toMatchObject({
    email: "ada@example.com",
    region: "us-west-2",
    status: "placed",
    subtotal: 85.9,
    tax: 4.3,
    shipping: 15,
    total: 105.2,
    items: [{ productId: 1, name: "Watch 1", quantity: 2, price: 42.95, totalCost: 85.9 }],
  });
  expect(headers["x-wrote-to"]).toMatch(new RegExp(`^${bench.address.host};ms=`));
  expect(headers["x-seen"]).toBe("none");
  const shown = await get(`/orders/${body.id}?customer=guest:1`);
  expect(shown.body).toEqual(body);
  expect(shown.headers["x-read-from"]).toMatch(new RegExp(`^${bench.address.host};ms=`));
});

test("a double submit is one order: the first is answered with 201, the other with 200", async () => {
  const key = randomUUID();
  const both = await Promise.all([buy({}, key), buy({}, key)]);
  expect(both.map(({ status }) => status).toSorted()).toEqual([200, 201]);
  expect(both[0]?.body).toEqual(both[1]?.body);
  expect((await buy({ customer: "guest:2" }, key)).body.error.code).toBe("key-reused");
  expect(await count()).toBe(1);
});

test("who sends an order again after its price has changed is told of the order that there is", async () => {
  const key = randomUUID();
  const items = [{ productId: 1, quantity: 2, price: 42.95 }];
  const first = await buy({ items }, key);
  price = 50;
  expect(await buy({ items }, key)).toMatchObject({ status: 200, body: first.body });
  // Neither another key nor another customer, nor another order with this key.
  expect((await buy({ items })).body.error.code).toBe("price-differs");
  expect((await buy({ items, customer: "guest:2" }, key)).status).toBe(409);
  expect((await buy({ items: [{ ...items[0], quantity: 1 }] }, key)).status).toBe(409);
  expect(await count()).toBe(1);
});

test("what is sold out is refused in words", async () => {
  const { status, body } = await buy({
    items: [
      { productId: 1, quantity: 11 },
      { productId: 6, quantity: 1 },
    ],
  });
  expect(status).toBe(409);
  const message = "Nothing was ordered: of Watch 1, only 10 are left; Watch 6 is sold out.";
  expect(body.error).toEqual({ code: "sold-out", message });
});

test.each<[string, object, number]>([
  ["a quantity of -1", { items: [{ productId: 1, quantity: -1 }] }, 400],
  ["a quantity of 0", { items: [{ productId: 1, quantity: 0 }] }, 400],
  ["a quantity of 1e9", { items: [{ productId: 1, quantity: 1e9 }] }, 400],
  ["half a piece", { items: [{ productId: 1, quantity: 0.5 }] }, 400],
  ["a foreign price", { items: [{ productId: 1, quantity: 1, price: 0.01 }] }, 409],
  ["a product that is not there", { items: [{ productId: 99, quantity: 1 }] }, 404],
  ["a product without stock", { items: [{ productId: 7, quantity: 1 }] }, 404],
  ["a product's number that is SQL", { items: [{ productId: "1 or true", quantity: 1 }] }, 400],
  ["no items", { items: [] }, 400],
  ["51 items", { items: Array.from({ length: 51 }, () => ({ productId: 1, quantity: 1 })) }, 400],
  ["no customer", { customer: undefined }, 400],
  ["no e-mail address", { email: "ada" }, 400],
  ["a whole card number", { cardLast4: "4242424242424242" }, 400],
  ["another delivery", { delivery: "teleport" }, 400],
  ["NUL in a name", { firstName: "A\0da" }, 400],
])("%s is refused, and nothing is changed", async (_, change, status) => {
  const refused = await buy(change);
  expect(refused.status).toBe(status);
  expect(refused.body.error.message.length).toBeGreaterThan(10);
  expect(await count()).toBe(0);
  expect(await bench.onHand(1)).toBe(10);
});

test("an order without a key is refused with what is missing", async () => {
  const { status, body } = await post("/orders", {
    ...person,
    items: [{ productId: 1, quantity: 1 }],
  });
  expect(status).toBe(400);
  expect(body.error.message).toContain("idempotency-key: is missing: a UUID");
});

test("a body of a megabyte is refused", async () => {
  expect((await buy({ firstName: "a".repeat(1_000_000) })).status).toBe(413);
});

test("somebody else's order is not there: not to look at, not to cancel, not in a list", async () => {
  const { id } = (await buy()).body;
  const shown = await get(`/orders/${id}?customer=guest:2`);
  expect(shown).toMatchObject({ status: 404, body: { error: { code: "unknown-order" } } });
  expect((await get(`/orders/${id}`)).status).toBe(400);
  const cancelled = await post("/order/cancel", { order_id: id, customer: "guest:2" });
  expect(cancelled.status).toBe(404);
  expect((await get("/orders?customer=guest:2")).body).toMatchObject({ orders: [], total: 0 });
  expect((await get("/orders")).status).toBe(400);
  for (const strange of ["0", "-1", "1e30", "abc", "9223372036854775808"]) {
    expect((await get(`/orders/${strange}?customer=guest:1`)).status).toBe(400);
  }
  const sly = encodeURIComponent(`guest:2' or '1'='1`);
  expect((await get(`/orders/${id}?customer=${sly}`)).status).toBe(404);
});

test("a customer's orders come the newest first, twenty on a page", async () => {
  await bench.rows("update inventory set on_hand = 1000");
  for (let n = 0; n < 21; n += 1) await buy();
  const first = (await get("/orders?customer=guest:1")).body;
  const second = (await get("/orders?customer=guest:1&page=2")).body;
  expect(first).toMatchObject({ page: 1, size: 20, total: 21, pages: 2 });
  const numbers = [...first.orders, ...second.orders].map(({ id }: { id: number }) => id);
  expect(numbers).toEqual(numbers.toSorted((a, b) => b - a));
  expect(new Set(numbers).size).toBe(21);
});

test("older clients add an order, look at it and cancel it in their own form", async () => {
  const key = randomUUID();
  const body = {
    email: "ada@example.com",
    items: [{ order_id: 1, item_id: 2, qty: 1, unit_price: 42.95 }],
    idempotency_key: key,
  };
  const added = (await post("/order/add", body)).body;
  expect(added).toMatchObject({
    status_code: 200,
    title: "Orders",
    order_details: { email: "ada@example.com", order_total: 45.1 },
  });
  expect((await post("/order/add", body)).body).toEqual(added);
  const { order_id: id } = added.order_details;
  const found = await get(`/order/getorder?email=ADA@example.com&order_id=${id}`);
  expect(found.body).toEqual(added);
  expect((await get(`/order/getorder?email=eve@example.com&order_id=${id}`)).status).toBe(404);
  const cancel = { order_id: id, customer: "email:ada@example.com" };
  for (let n = 0; n < 2; n += 1) {
    const cancelled = (await post("/order/cancel", cancel)).body;
    expect(cancelled.order_details.status).toBe("cancelled");
  }
  expect(await bench.onHand(2)).toBe(10);
  expect((await post("/order/add", { items: body.items })).status).toBe(400);
});

test("a deep health check names who is read from and who is written to", async () => {
  const { status, body } = await get("/healthcheck?deep=1");
  expect(status).toBe(200);
  const path = { ok: true, address: bench.address.host };
  expect(body).toMatchObject({ service: "order", paths: { reader: path, writer: path } });
});
