/** What the functions and triggers of the carts database promise, on one server; two of them: services/cart. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { drawAddress, Scratch } from "../../../test/postgres/scratch.ts";
import { newCartsDatabase } from "../../../test/retail-store/two-carts.ts";
import type { Database } from "../services/shared/database.ts";

let scratch: Scratch;
let database: Database;
let here = { ...drawAddress() };

beforeAll(async () => {
  scratch = await Scratch.open();
  here = drawAddress();
  ({ database } = await newCartsDatabase(scratch, "us-east-1", here));
});

afterAll(async () => {
  await database.close();
  await scratch[Symbol.asyncDispose]();
});

type Items = readonly { readonly itemId: number; readonly quantity: number }[];

async function call(text: string, values: readonly unknown[] = []): Promise<Items> {
  const { rows } = await database.write<{ items: Items }>(`select ${text} as items`, values);
  return rows[0]?.items ?? [];
}

type Arrival = readonly [quantity: number, hlc: bigint, region: string, seq: number];

/** As replication brings it, of item 1. */
async function arrives(customer: string, [quantity, hlc, region, seq]: Arrival): Promise<void> {
  await database.write(
    `insert into cart_change (region, seq, customer, item, quantity, hlc, deleted)
     values ($1, $2, $3, 1, $4, $5, $4::int = 0)`,
    [region, seq, customer, quantity, hlc],
  );
}

const nowHlc = (): bigint => BigInt(Date.now()) << 16n;
const hourHlc = 3_600_000n << 16n;

test("adds of one item at once all count", async () => {
  await Promise.all(Array.from({ length: 30 }, () => call("cart_add('many', 2, 1)")));
  expect(await call("cart_of('many')")).toEqual([{ itemId: 2, quantity: 30 }]);
});

test("writes to two carts in both directions at once do not wait for each other in a circle", async () => {
  await call("cart_put('x', '{1,2,3}', '{1,1,1}')");
  await Promise.all(
    Array.from({ length: 20 }, (_, index) =>
      call(index % 2 === 0 ? "cart_merge('x', 'y')" : "cart_merge('y', 'x')"),
    ),
  );
  const both = [...(await call("cart_of('x')")), ...(await call("cart_of('y')"))];
  expect(both.map(({ itemId, quantity }) => [itemId, quantity])).toEqual([
    [1, 1],
    [2, 1],
    [3, 1],
  ]);
});

test("a cart takes no more than 50 different items, however many come at once", async () => {
  const adds = Array.from({ length: 60 }, (_, index) => call(`cart_add('full', ${index + 1}, 1)`));
  const results = await Promise.allSettled(adds);
  expect(results.filter(({ status }) => status === "rejected").length).toBe(10);
  expect((await call("cart_of('full')")).length).toBe(50);
});

test.each<readonly [string, readonly Arrival[], Items]>([
  [
    "the later change counts",
    [
      [1, 10n, "a", 1],
      [2, 20n, "b", 1],
    ],
    [{ itemId: 1, quantity: 2 }],
  ],
  [
    "also when it arrives first",
    [
      [2, 20n, "b", 1],
      [1, 10n, "a", 1],
    ],
    [{ itemId: 1, quantity: 2 }],
  ],
  [
    "of two at the same time the Region decides",
    [
      [2, 10n, "b", 1],
      [1, 10n, "a", 9],
    ],
    [{ itemId: 1, quantity: 2 }],
  ],
  [
    "of one Region the number does",
    [
      [2, 10n, "a", 3],
      [1, 10n, "a", 2],
    ],
    [{ itemId: 1, quantity: 2 }],
  ],
  [
    "an older tombstone removes nothing",
    [
      [2, 20n, "a", 1],
      [0, 10n, "b", 1],
    ],
    [{ itemId: 1, quantity: 2 }],
  ],
  [
    "an older change brings nothing back",
    [
      [0, 20n, "a", 1],
      [2, 10n, "b", 1],
    ],
    [],
  ],
])("merging: %s", async (name, arrivals, items) => {
  const regionOf = (region: string): string =>
    `${region}-${name.replaceAll(/[^a-z]/g, "")}`.slice(0, 39);
  for (const [quantity, hlc, region, seq] of arrivals) {
    await arrives(name, [quantity, hlc, regionOf(region), seq]);
  }
  expect(await call("cart_of($1)", [name])).toEqual(items);
});

test("what is written here counts, also when the clock of the other Region is an hour ahead", async () => {
  await arrives("ahead", [7, nowHlc() + hourHlc, "us-west-2", 1]);
  expect(await call("cart_add('ahead', 1, 1)")).toEqual([{ itemId: 1, quantity: 8 }]);
  expect(await call("cart_clear('ahead')")).toEqual([]);
  expect(await call("cart_set('ahead', 1, 3)")).toEqual([{ itemId: 1, quantity: 3 }]);
});

test("a change of ours that is there already is an error, and one that is copied is passed over", async () => {
  await arrives("twice", [1, 10n, "us-west-2", 77]);
  await expect(arrives("twice", [2, 20n, "us-west-2", 77])).rejects.toThrow("duplicate key");
});

test("nothing is removed that is not there, and no trace is left of the attempt", async () => {
  expect(await call("cart_set('nobody', 1, 0)")).toEqual([]);
  await call("cart_clear('nobody')");
  const { rows } = await database.read("select from cart_item where customer = 'nobody'", []);
  expect(rows.length).toBe(0);
});

test("compaction keeps what counts, and tombstones for 30 days", async () => {
  await call("cart_set('old', 2, 1)");
  await call("cart_set('old', 2, 2)");
  const days = (count: number): bigint => nowHlc() - 24n * BigInt(count) * hourHlc;
  await arrives("old", [0, days(29), "us-west-2", 101]);
  await arrives("older", [4, days(32), "us-west-2", 102]);
  await arrives("older", [0, days(31), "us-west-2", 103]);
  await database.write("select * from cart_compact(1000)", []);
  const left = await database.read<{ customer: string; quantity: number }>(
    "select customer, quantity from cart_change where customer in ('old', 'older') order by customer, quantity",
    [],
  );
  expect(left.rows).toEqual([
    { customer: "old", quantity: 0 },
    { customer: "old", quantity: 2 },
  ]);
  expect(await call("cart_of('old')")).toEqual([{ itemId: 2, quantity: 2 }]);
});

test("numbers of changes follow the clock, so that a database that is made anew uses none again", async () => {
  await database.write("select setval('cart_change_seq', 5)", []);
  await database.write("select cart_beat()", []);
  await call("cart_set('numbers', 1, 1)");
  const { rows } = await database.read<{ age: number }>(
    `select extract(epoch from clock_timestamp())::float8 - seq / 1e6 as age
       from cart_change where customer = 'numbers'`,
    [],
  );
  expect(rows[0]?.age).toBeGreaterThan(-1);
  expect(rows[0]?.age).toBeLessThan(60);
});
