import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import {
  OrdersBench,
  placeOrder,
  purchaseValues,
  type Purchase,
} from "../../../test/retail-store/orders-bench.ts";
import type { Database } from "../services/shared/database.ts";

let bench: OrdersBench;
/** Many connections at once; PostgreSQL has 100 for all. */
let crowd: Database;

beforeAll(async () => {
  bench = await OrdersBench.open();
  crowd = bench.open(bench.address, 50);
});
beforeEach(() => bench.refill());
afterAll(() => bench.close());

type Placed = {
  readonly is_new: boolean;
  readonly document: {
    readonly id: number;
    readonly total: number;
    readonly status: string;
    readonly items: readonly { readonly productId: number; readonly totalCost: number }[];
  };
};

async function place(purchase: Purchase = {}, database?: Database): Promise<Placed> {
  const [placed] = await bench.rows<Placed>(placeOrder, purchaseValues(purchase), database);
  if (!placed) throw new Error("place_order answers with one row");
  return placed;
}

async function cancel(number: number, customer = "guest:1"): Promise<readonly Placed[]> {
  return await bench.rows<Placed>("select * from cancel_order($1, $2)", [number, customer]);
}

async function count(table: string): Promise<number> {
  return (await bench.rows<{ n: number }>(`select count(*)::int as n from ${table}`))[0]?.n ?? -1;
}

const one = (productId: number, quantity = 1): NonNullable<Purchase["lines"]>[number] => ({
  productId,
  quantity,
  unitPrice: 42.95,
});

test("the first order of a shop has the number 4, and one more each", async () => {
  const first = (await place()).document.id;
  expect((await place()).document.id).toBe(first + 1);
  const [{ start_value: start } = {}] = await bench.rows(
    "select start_value::int from pg_sequences where sequencename = 'order_number'",
  );
  expect(start).toBe(4);
});

test("of 10 pieces that 100 clients want at once, exactly 10 are sold, and the others are told", async () => {
  const ends = await Promise.allSettled(
    Array.from({ length: 100 }, (_, n) => place({ customer: `guest:${n}` }, crowd)),
  );
  const refused = ends.filter((end) => end.status === "rejected").map(({ reason }) => reason);
  expect(ends.length - refused.length).toBe(10);
  for (const reason of refused) expect(reason).toMatchObject({ code: "RS001" });
  expect(JSON.parse(refused[0].detail)).toEqual([{ productId: 1, name: "Product 1", left: 0 }]);
  expect(await bench.onHand(1)).toBe(0);
  expect([await count("customer_order"), await count("outbox")]).toEqual([10, 10]);
  const numbers = await bench.rows<{ id: string }>("select id from customer_order order by id");
  expect(Number(numbers.at(-1)?.id) - Number(numbers[0]?.id)).toBe(9);
});

test("twenty submissions with one key are one order, and all are answered with it", async () => {
  const key = randomUUID();
  const all = await Promise.all(Array.from({ length: 20 }, () => place({ key })));
  expect(all.filter((placed) => placed.is_new)).toHaveLength(1);
  expect(new Set(all.map(({ document }) => JSON.stringify(document))).size).toBe(1);
  expect(await bench.onHand(1)).toBe(9);
  expect([await count("customer_order"), await count("outbox")]).toEqual([1, 1]);
});

test("a repeated submission of the last piece is no refusal", async () => {
  const key = randomUUID();
  const all = await Promise.all([1, 2, 3].map(() => place({ key, lines: [one(1, 10)] })));
  expect(all.map(({ is_new: isNew }) => isNew).toSorted()).toEqual([false, false, true]);
});

test.each<[string, Purchase]>([
  ["quantity", { lines: [one(1, 2)] }],
  ["product", { lines: [one(2)] }],
  ["more products", { lines: [one(1), one(2)] }],
  ["customer", { customer: "guest:2" }],
  ["name", { name: "Eve" }],
])("a key that comes back with another %s is refused, and nothing is changed", async (_, other) => {
  const key = randomUUID();
  await place({ key });
  await expect(place({ key, ...other })).rejects.toMatchObject({ code: "RS002" });
  expect([await bench.onHand(1), await bench.onHand(2)]).toEqual([9, 10]);
  expect(await count("customer_order")).toBe(1);
});

test("a price that changed meanwhile does not make a repeated submission another one", async () => {
  const key = randomUUID();
  const { document } = await place({ key });
  const again = await place({ key, lines: [{ productId: 1, quantity: 1, unitPrice: 50 }] });
  expect(again).toEqual({ is_new: false, document });
});

test("carts in whatever order of products never wait in a circle", async () => {
  await bench.rows("update inventory set on_hand = 1000");
  const carts = Array.from({ length: 60 }, (_, n) =>
    [1, 2, 3, 4, 5].map((productId) => one(1 + ((productId * (1 + (n % 4)) + n) % 5))),
  );
  // Straight at PostgreSQL: nothing repeats what ends in a deadlock.
  await Promise.all(
    carts.map((lines) =>
      crowd.transaction((client) => client.query(placeOrder, [...purchaseValues({ lines })])),
    ),
  );
  for (const product of [1, 2, 3, 4, 5]) expect(await bench.onHand(product)).toBe(940);
});

test("cancelling and buying the same at once ends, and stock and orders add up", async () => {
  await bench.rows("update inventory set on_hand = 100");
  const lines = [one(3), one(1), one(2)];
  const bought = await Promise.all(Array.from({ length: 20 }, () => place({ lines })));
  await Promise.all([
    ...bought.map(({ document }) => cancel(document.id)),
    ...Array.from({ length: 20 }, () => place({ lines: lines.toReversed() })),
  ]);
  for (const product of [1, 2, 3]) expect(await bench.onHand(product)).toBe(80);
});

test("what is sold out is named with what is left, for all of the order, which is not placed in part", async () => {
  const wanted = place({ lines: [one(1), one(2, 11), one(6)] });
  const { code, detail } = await wanted.then(
    () => ({ code: "", detail: "" }),
    (error: { code: string; detail: string }) => error,
  );
  expect(code).toBe("RS001");
  expect(JSON.parse(detail)).toEqual([
    { productId: 2, name: "Product 2", left: 10 },
    { productId: 6, name: "Product 6", left: 0 },
  ]);
  expect(await bench.onHand(1)).toBe(10);
  expect(await count("customer_order")).toBe(0);
});

test("a product that is not kept in stock is refused by name", async () => {
  const wanted = place({ lines: [one(1), one(99)] });
  await expect(wanted).rejects.toMatchObject({
    code: "RS004",
    detail: '[{"name": "Product 99", "productId": 99}]',
  });
  expect(await bench.onHand(1)).toBe(10);
});

test("lines, subtotal, tax and shipping add up to the total, or there is no order", async () => {
  const { document } = await place({ lines: [one(1, 3), one(2)], tax: 8.59 });
  expect(document.items.map(({ totalCost }) => totalCost)).toEqual([128.85, 42.95]);
  expect(document.total).toBe(195.39);
  await expect(place({ subtotal: 1 })).rejects.toMatchObject({ code: "RS003" });
  await expect(place({ lines: [], subtotal: 0 })).rejects.toMatchObject({ code: "RS003" });
  for (const quantity of [-1, 0, 100]) {
    await bench.rows("update inventory set on_hand = 1000");
    await expect(place({ lines: [one(1, quantity)] })).rejects.toMatchObject({ code: "23514" });
  }
  expect(await bench.onHand(1)).toBe(1000);
  await expect(place({ lines: [one(1), one(1)] })).rejects.toMatchObject({ code: "23505" });
  expect(await bench.onHand(1)).toBe(1000);
});

test("an order and its event are in one commit", async () => {
  const { document } = await place({ lines: [one(2, 2)] });
  const rows = await bench.rows(
    `select o.xmin = e.xmin as together, e.type, e.payload, e.event_id, e.published_at
     from customer_order o join outbox e on e.order_id = o.id`,
  );
  expect(rows).toMatchObject([{ together: true, type: "OrderCreated", published_at: null }]);
  expect(rows[0]?.["payload"]).toMatchObject({
    eventId: rows[0]?.["event_id"],
    order: { id: document.id, orderItems: [{ productId: 2, quantity: 2 }] },
  });
  expect(JSON.stringify(rows[0]?.["payload"])).not.toMatch(/4242|Square|guest:1/);
});

test("cancelling gives the stock back once, and tells of it once, however often it is asked", async () => {
  const { document } = await place({ lines: [one(1, 4), one(2)] });
  const all = await Promise.all([1, 2, 3, 4].map(() => cancel(document.id)));
  expect(all.flat().filter((row) => row.is_new)).toHaveLength(1);
  expect(all.flat().map((row) => row.document.status)).toEqual(Array(4).fill("cancelled"));
  expect([await bench.onHand(1), await bench.onHand(2)]).toEqual([10, 10]);
  const events = await bench.rows("select type from outbox order by id");
  expect(events).toEqual([{ type: "OrderCreated" }, { type: "OrderCancelled" }]);
});

test("nobody cancels somebody else's order, nor one that is not there", async () => {
  const { document } = await place();
  expect(await cancel(document.id, "guest:2")).toEqual([]);
  expect(await cancel(1_000_000)).toEqual([]);
  expect(await bench.onHand(1)).toBe(9);
});

test("what looks like SQL or HTML is kept as what it is", async () => {
  const name = `Robert'); drop table customer_order; -- <script>alert("1")</script> \\ $1 🐘`;
  const { document } = await place({ name });
  expect(document).toMatchObject({ firstName: name });
  expect(await count("customer_order where fname like 'Robert''); drop%'")).toBe(1);
});
