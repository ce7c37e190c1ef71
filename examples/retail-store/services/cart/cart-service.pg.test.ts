/** The routes of the cart service, over its real database and a product service that is a small HTTP server. */
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { drawAddress, Scratch } from "../../../../test/postgres/scratch.ts";
import { newCartsDatabase } from "../../../../test/retail-store/two-carts.ts";
import { serviceClient } from "../shared/client.ts";
import type { Database } from "../shared/database.ts";
import { bodyBytesMax, buildService, type Service } from "../shared/service.ts";
import { openCartService } from "./open-cart.ts";

/** Those that are sold cost a hundredth of their number. */
const isSold = (id: number): boolean => id < 1_000;

let scratch: Scratch;
let database: Database;
let shop: Server;
let shopIsOpen = true;
let service: Service;

beforeAll(async () => {
  scratch = await Scratch.open();
  ({ database } = await newCartsDatabase(scratch, "us-east-1", drawAddress()));
  shop = createServer((request, response) => {
    const ids = (new URL(request.url ?? "", "http://shop").searchParams.get("productlist") ?? "")
      .split(",")
      .map(Number);
    response.statusCode = shopIsOpen ? 200 : 503;
    response.setHeader("content-type", "application/json");
    response.end(
      JSON.stringify({
        product_items: ids
          .filter(isSold)
          .map((id) => ({ id, name: `Thing ${id}`, price: id / 100 })),
      }),
    );
  }).listen(0, "127.0.0.1");
  await once(shop, "listening");
  const { port } = shop.address() as AddressInfo;
  service = await buildService(
    await openCartService({
      environment: {
        HOST: "127.0.0.1",
        PORT: 0,
        LEEWARD_REGION: "us-east-1",
        LEEWARD_REPLICA: 1,
      },
      database,
      products: serviceClient("product", `http://127.0.0.1:${port}`),
      peers: [],
      passFile: undefined,
    }),
  );
});

afterAll(async () => {
  await service.close();
  shop.close();
  await scratch[Symbol.asyncDispose]();
});

type Method = "GET" | "POST" | "PATCH" | "DELETE";
type Answer = { readonly status: number; readonly body: unknown; readonly headers: object };

async function ask(method: Method, url: string, body?: unknown): Promise<Answer> {
  const payload = body === undefined ? {} : { payload: body as object };
  const { statusCode, headers, ...answer } = await service.inject({ method, url, ...payload });
  return { status: statusCode, body: answer.json(), headers };
}

const item = (itemId: number, quantity: number): object => ({
  itemId,
  quantity,
  unitPrice: itemId / 100,
});

test("a cart is filled, changed and emptied, and says what its items cost", async () => {
  expect(await ask("POST", "/carts/ann/items", { itemId: 2, quantity: 2 })).toMatchObject({
    status: 201,
    body: { customerId: "ann", items: [item(2, 2)] },
    headers: { "x-wrote-to": expect.stringMatching(/^127\./) },
  });
  await ask("POST", "/carts/ann/items", { itemId: "3", unitPrice: 0.03 });
  await ask("POST", "/carts/ann/items", { itemId: 2, quantity: 1 });
  expect(await ask("GET", "/carts/ann")).toMatchObject({
    status: 200,
    body: { customerId: "ann", items: [item(2, 3), item(3, 1)] },
    headers: { "x-read-from": expect.stringMatching(/^127\./) },
  });
  await ask("PATCH", "/carts/ann/items", { itemId: 3, quantity: 9 });
  expect((await ask("GET", "/carts/ann/items/3")).body).toEqual(item(3, 9));
  await ask("PATCH", "/carts/ann/items", { itemId: 3, quantity: 0 });
  expect(await ask("GET", "/carts/ann/items/3")).toMatchObject({ status: 404 });
  expect((await ask("GET", "/carts/ann/items")).body).toEqual([item(2, 3)]);
  expect((await ask("DELETE", "/carts/ann/items/2")).body).toEqual({
    customerId: "ann",
    items: [],
  });
  await ask("POST", "/carts/ann/items", { itemId: 2 });
  expect((await ask("DELETE", "/carts/ann")).body).toEqual({ customerId: "ann", items: [] });
});

test("a guest's cart goes into the customer's, once", async () => {
  await ask("POST", "/carts/guest/items", { itemId: 2, quantity: 60 });
  await ask("POST", "/carts/guest/items", { itemId: 4, quantity: 1 });
  await ask("POST", "/carts/user:7/items", { itemId: 2, quantity: 60 });
  const merged = { customerId: "user:7", items: [item(2, 99), item(4, 1)] };
  expect((await ask("POST", "/carts/user:7/merge?sessionId=guest")).body).toEqual(merged);
  expect((await ask("GET", "/carts/user:7/merge?sessionId=guest")).body).toEqual(merged);
  expect((await ask("GET", "/carts/user:7/merge?sessionId=user:7")).body).toEqual(merged);
  expect((await ask("GET", "/carts/guest/items")).body).toEqual([]);
});

test("older clients find the same carts under /kart", async () => {
  const key = "bob@example.com:Kart";
  const value = [
    { productId: 2, qty: 1 },
    { productId: 5, qty: 3 },
  ];
  expect(await ask("POST", "/kart/set", { key, value })).toMatchObject({
    status: 200,
    body: value,
  });
  expect((await ask("GET", `/kart/get?key=${encodeURIComponent(key)}`)).body).toEqual(value);
  expect((await ask("GET", `/carts/${key}/items`)).body).toEqual([item(2, 1), item(5, 3)]);
  await ask("POST", "/kart/set", { key, value: value.slice(1) });
  expect((await ask("GET", `/kart/get?key=${key}`)).body).toEqual(value.slice(1));
  expect((await ask("POST", "/kart/remove", { key })).body).toEqual([]);
});

type Bad = [status: number, code: string, method: Method, url: string, body?: unknown];

const bad: Bad[] = [
  [404, "unknown-product", "POST", "/carts/eve/items", { itemId: 1_000 }],
  [404, "unknown-product", "PATCH", "/carts/eve/items", { itemId: 1_000, quantity: 1 }],
  [
    404,
    "unknown-product",
    "POST",
    "/kart/set",
    { key: "eve", value: [{ productId: 1_000, qty: 1 }] },
  ],
  [409, "price-differs", "POST", "/carts/eve/items", { itemId: 2, unitPrice: 0.01 }],
  [400, "invalid-input", "POST", "/carts/eve/items", { itemId: 2, quantity: -1 }],
  [400, "invalid-input", "POST", "/carts/eve/items", { itemId: 2, quantity: 1e12 }],
  [400, "invalid-input", "POST", "/carts/eve/items", { itemId: 2, quantity: 1.5 }],
  [400, "invalid-input", "POST", "/carts/eve/items", { itemId: "2; drop table cart_item" }],
  [400, "invalid-input", "POST", "/carts/eve/items", { itemId: 2, isAdmin: true }],
  [400, "invalid-input", "POST", "/carts/eve'--/items", { itemId: 2 }],
  [400, "invalid-input", "GET", "/carts/%00"],
  [400, "invalid-input", "GET", "/carts/%3Cscript%3E"],
  [400, "invalid-input", "GET", `/kart/get?key=${"x".repeat(101)}`],
  [400, "invalid-input", "GET", "/carts/eve/items/99999999999"],
  [400, "invalid-input", "GET", "/carts/eve/merge"],
  [
    400,
    "invalid-input",
    "POST",
    "/kart/set",
    {
      key: "eve",
      value: [
        { productId: 2, qty: 1 },
        { productId: 2, qty: 1 },
      ],
    },
  ],
  [413, "too-large", "POST", "/kart/set", { key: "x".repeat(bodyBytesMax), value: [] }],
];

test.each(bad)("%i %s: %s %s", async (...[status, code, method, url, body]) => {
  expect(await ask(method, url, body)).toMatchObject({ status, body: { error: { code } } });
  expect((await ask("GET", "/carts/eve")).body).toEqual({ customerId: "eve", items: [] });
});

test("a customer's name in a path may be 100 characters long", async () => {
  expect((await ask("GET", `/carts/${"x".repeat(100)}`)).status).toBe(200);
  expect((await ask("GET", `/carts/${"x".repeat(101)}`)).status).toBe(414);
});

test("a cart takes 99 pieces of an item and 50 different items, and stays as it was", async () => {
  await ask("POST", "/carts/max/items", { itemId: 1, quantity: 99 });
  expect(await ask("POST", "/carts/max/items", { itemId: 1 })).toMatchObject({
    status: 409,
    body: { error: { code: "too-many-pieces" } },
  });
  const value = Array.from({ length: 50 }, (_, index) => ({ productId: index + 1, qty: 1 }));
  await ask("POST", "/kart/set", { key: "max", value });
  expect(await ask("POST", "/carts/max/items", { itemId: 51 })).toMatchObject({
    status: 409,
    body: { error: { code: "cart-full", message: expect.stringContaining("Take some out") } },
  });
  expect((await ask("GET", "/kart/get?key=max")).body).toEqual(value);
  expect(await ask("POST", "/carts/max/items", { itemId: 50 })).toMatchObject({ status: 201 });
});

test("while the product service is away, what has no known price waits, and what is done is done", async () => {
  await ask("POST", "/carts/ida/items", { itemId: 700 });
  shopIsOpen = false;
  try {
    expect(await ask("POST", "/carts/ida/items", { itemId: 701 })).toMatchObject({
      status: 503,
      body: { error: { code: "unavailable", message: expect.stringContaining("product service") } },
    });
    await database.write("select cart_add('ida', 702, 1)", []);
    expect(await ask("GET", "/carts/ida")).toMatchObject({ status: 503 });
    expect(await ask("DELETE", "/carts/ida/items/700")).toMatchObject({
      status: 200,
      body: { items: [{ itemId: 702, quantity: 1, unitPrice: null }] },
    });
  } finally {
    shopIsOpen = true;
  }
  expect((await ask("GET", "/carts/ida/items")).body).toEqual([item(702, 1)]);
});

test("health and metrics are told", async () => {
  expect((await ask("GET", "/healthcheck?deep=1")).body).toMatchObject({
    status: "success",
    paths: { reader: { ok: true }, writer: { ok: true } },
  });
  const { body } = await service.inject("/metrics");
  expect(body).toContain("retail_carts_changes_applied_total 0\n");
});

test("the database of one Region is not used by the service of another", async () => {
  await expect(database.write("select cart_settle('us-west-2')", [])).rejects.toThrow(
    "This is the carts database of us-east-1; the service of us-west-2 cannot use it.",
  );
});
