import { afterAll, beforeAll, expect, test } from "vitest";
import { randomUUID } from "node:crypto";
import { OrdersBench } from "../../../../test/retail-store/orders-bench.ts";
import { sql, superuserPassword } from "../../../../test/postgres/scratch.ts";
import { migrate, migrationsIn } from "../../databases/migrate.ts";
import { products } from "../../databases/products.ts";
import { reviews } from "../../databases/reviews.ts";
import { catalogSeed } from "../../databases/seed-catalog.ts";
import { openDatabase, type Database } from "../shared/database.ts";
import { buildService, type Service } from "../shared/service.ts";
import { openProductService } from "./open-product.ts";
import type { Product, ProductList } from "./product.ts";

const adminToken = "the-admin-token-of-the-test";
const asAdmin = { authorization: `Bearer ${adminToken}` };

let bench: OrdersBench;
let catalog: Database;
let service: Service;

beforeAll(async () => {
  bench = await OrdersBench.open();
  const asSuperuser = { user: "leeward", password: superuserPassword, database: "postgres" };
  await sql(bench.address, "create database catalog owner orders", asSuperuser);
  catalog = openCatalog();
  service = await buildService(
    await openProductService({
      environment: { HOST: "127.0.0.1", PORT: 0, LEEWARD_REGION: "us-east-1", LEEWARD_REPLICA: 1 },
      adminToken,
      catalog,
      orders: openDatabase({ url: bench.url(), manner: "gateway", isLocal: true }),
    }),
  );
});

afterAll(async () => {
  await service?.close();
  await bench?.close();
});

function openCatalog(): Database {
  const url = bench.url().replace(/orders$/, "catalog");
  return openDatabase({ url, manner: "gateway", isLocal: true });
}

async function get<T>(url: string, status = 200): Promise<T> {
  const answer = await service.inject(url);
  expect([url, answer.statusCode]).toEqual([url, status]);
  return answer.json<T>();
}

const idsOf = ({ product_items: items }: ProductList): readonly number[] =>
  items.map(({ id }) => id);

test("a catalogue that is migrated from two Regions at once is seeded once", async () => {
  const other = openCatalog();
  const all = [...migrationsIn("catalog"), catalogSeed];
  await Promise.all([migrate(catalog, all), migrate(other, all)]);
  const { rows } = await other.read(
    `select (select count(*)::int from product) as products, (select count(*)::int from review) as reviews,
       (select count(*)::int from product left join (
          select product_id, sum(rating) as sum, count(*) as count from review group by product_id
        ) as written on product_id = id
        where rating_sum <> coalesce(sum, 0) or review_count <> coalesce(count, 0)) as wrong`,
    [],
  );
  await other.close();
  expect(rows).toEqual([{ products: products.length, reviews: reviews.length, wrong: 0 }]);
});

test("pages of a category hold each of its products once, whatever they are sorted by", async () => {
  for (const sort of ["id", "name", "-name", "price", "-price", "rating"]) {
    const pages = await Promise.all(
      [1, 2, 3, 4, 5].map((page) =>
        get<ProductList>(`/products/fashion?size=16&page=${page}&sort=${sort}`),
      ),
    );
    const expected = products.filter(({ category }) => category === "fashion").map(({ id }) => id);
    expect(pages.flatMap(idsOf).toSorted((a, b) => a - b)).toEqual(expected);
    expect(pages.map(({ total, pages: count }) => [total, count])).toEqual(
      Array.from({ length: 5 }, () => [60, 4]),
    );
    const items = pages.flatMap(({ product_items: list }) => list);
    const key = (item: Product): number =>
      ({ id: item.id, price: item.price, "-price": -item.price, rating: -item.rating })[sort] ?? 0;
    expect(items.map(key)).toEqual(items.map(key).toSorted((a, b) => a - b));
  }
  const { product_items: named } = await get<ProductList>("/products/jewelry?sort=name&size=100");
  expect(named.map(({ name }) => name)).toEqual(named.map(({ name }) => name).toSorted());
});

test("a product tells its price, stock, rating and tags", async () => {
  const view = await get<ProductList>("/products/view?id=2");
  const product = view.product_items[0] as Product;
  expect(product).toMatchObject({
    id: 2,
    category: "fashion",
    price: 42.95,
    inventory: 10,
    img_url: "/assets/2.svg",
    tags: ["casual", "gift", "watches"],
  });
  expect(await get("/products/fashion/2")).toEqual(view);
  const { reviews: told } = await get<{ reviews: readonly { rating: number }[] }>(
    "/products/reviews?id=2",
  );
  expect(told).toHaveLength(product.reviews);
  const mean = told.reduce((sum, { rating }) => sum + rating, 0) / told.length;
  expect(product.rating).toBeCloseTo(mean, 1);
});

test("a tag narrows a category, and an answer says which PostgreSQL gave it", async () => {
  const answer = await service.inject("/products/fashion?tag=smart");
  expect(answer.json<ProductList>()).toMatchObject({ total: 6, page: 1, size: 8, pages: 1 });
  expect(answer.headers["x-read-from"]).toMatch(new RegExp(`^${bench.address.host};ms=`));
});

test("products are found in the order asked for, once each, and unknown ones are left out", async () => {
  const list = await get<ProductList>("/products/getproducts?productlist=9000001,2,1,2,5000010");
  expect(idsOf(list)).toEqual([9_000_001, 2, 5_000_010]);
});

test("words, quotes and minus find what they should", async () => {
  const total = async (q: string): Promise<number> =>
    (await get<ProductList>(`/products/search?q=${encodeURIComponent(q)}`)).total;
  expect(await total("watch")).toBeGreaterThanOrEqual(22);
  expect(await total("watches -smart")).toBe((await total("watches")) - 6);
  expect(await total('"field watch"')).toBe(2);
  expect(await total("BICYCLES")).toBeGreaterThan(20);
  expect(await total("zeppelin")).toBe(0);
  expect(await total("")).toBe(0);
});

test("no text breaks the search", async () => {
  const texts = [
    "'; drop table product; --",
    '"',
    "((((",
    "!&|<->:*",
    "\0",
    "\\",
    "%_",
    "\ud800",
    "-- or or -",
    "a".repeat(200),
    "😀 ".repeat(60),
    "<script>alert(1)</script>",
  ];
  for (const text of texts) {
    const query = new URLSearchParams({ q: text.slice(0, 200) });
    await get<ProductList>(`/products/search?${query}`);
  }
  await get(`/products/search?q=${"a".repeat(201)}`, 400);
  expect((await get<ProductList>("/products/fashion")).total).toBe(60);
});

test("what is not there or makes no sense is refused in words", async () => {
  const refused: readonly (readonly [string, number])[] = [
    ["/products/weapons", 404],
    ["/products/%00", 404],
    ["/products/fashion'--", 404],
    ["/products/fashion?page=0", 400],
    ["/products/fashion?size=101", 400],
    ["/products/fashion?sort=price;drop", 400],
    ["/products/fashion?tag='", 400],
    ["/products/fashion/5000000", 404],
    ["/products/fashion/-1", 400],
    ["/products/view?id=1", 404],
    ["/products/view?id=99999999999", 400],
    ["/products/view?id=2147483648", 400],
    ["/products/view", 400],
    ["/products/getproducts?productlist=1%20or%201=1", 400],
    ["/products/getproducts?productlist=", 400],
    ["/products/reviews?id=1", 404],
    ["/products/popularitems?top=0", 400],
    ["/catalogue?order=random()", 400],
    ["/catalogue/product/1", 404],
  ];
  for (const [url, status] of refused) {
    const { error } = await get<{ error: { code: string; message: string } }>(url, status);
    expect(error.message.length).toBeGreaterThan(5);
    expect(error.message).not.toMatch(/select|insert|syntax/i);
  }
});

test("the catalogue's other form lists the same products", async () => {
  const watches = await get<readonly { price: number; tag: readonly string[] }[]>(
    "/catalogue?tags=smart,luxury&order=price_desc&size=100",
  );
  const { size } = await get<{ size: number }>("/catalogue/size?tags=smart,luxury");
  expect(watches).toHaveLength(size);
  expect(watches[0]?.price).toBe(3_890);
  expect(watches.every(({ tag }) => tag.includes("smart") || tag.includes("luxury"))).toBe(true);
  expect((await get<{ size: number }>("/catalogue/size")).size).toBe(products.length);
  expect(await get("/catalogue/tags")).toContainEqual({ name: "smart", displayName: "Smart" });
  expect(await get("/catalogue/product/2")).toMatchObject({ id: 2, price: 42.95, count: 10 });
});

test("a page shows stock as it is now, and a list as it was a second ago at most", async () => {
  await get("/products/fashion");
  await bench.rows("update inventory set on_hand = 7 where product_id = 2");
  expect((await get<ProductList>("/products/view?id=2")).product_items[0]?.inventory).toBe(7);
  await expect
    .poll(
      async () =>
        (await get<ProductList>("/products/getproducts?productlist=2")).product_items[0]?.inventory,
      { timeout: 1_500, interval: 50 },
    )
    .toBe(7);
  await bench.refill();
});

test("what sold most lately is popular; what was cancelled or is long ago is not", async () => {
  await bench.rows("insert into inventory values (9000000, 10) on conflict do nothing");
  const sell = (id: number, quantity: number, days: number, status: string): Promise<unknown> =>
    bench.rows(
      `with placed as (
         insert into customer_order (id, idempotency_key, customer_ref, email, fname, lname,
             subtotal, tax, shipping, total, status, region, created_at)
           values ((select coalesce(max(id), 0) + 1 from customer_order), $1, 'guest:1', 'a@b.c', 'A', 'B',
             1, 0, 0, 1, $2, 'us-east-1', now() - make_interval(days => $3)) returning id
       ) insert into order_item (order_id, product_id, name, quantity, unit_price)
           select id, $4, 'x', $5, 1 from placed`,
      [randomUUID(), status, days, id, quantity],
    );
  await sell(2, 2, 0, "placed");
  await sell(3, 5, 1, "placed");
  await sell(9_000_000, 90, 1, "cancelled");
  await sell(2, 90, 60, "placed");
  const list = await get<ProductList>("/products/popularitems?top=5&interval=30");
  expect(list.product_items).toMatchObject([
    { id: 3, sold: 5 },
    { id: 2, sold: 2 },
  ]);
  expect(idsOf(await get("/products/popularitems?top=1&interval=90"))).toEqual([2]);
  await bench.refill();
});

test("a product is added by whoever has the token, once for each SKU", async () => {
  const payload = {
    sku: "NEW-1",
    name: "Harbour Lantern",
    description: "A lamp for the mast.",
    price: 19.95,
    tags: ["gear", "gift"],
    inventory: 4,
  };
  const add = (headers: Record<string, string>, change: object = {}, category = "bicycles") =>
    service.inject({
      method: "POST",
      url: `/products/${category}/add`,
      headers,
      payload: { ...payload, ...change },
    });
  expect((await add({})).statusCode).toBe(401);
  expect((await add({ authorization: "Bearer wrong" }, { sku: 1 })).statusCode).toBe(401);
  const [first, second] = [await add(asAdmin), await add(asAdmin)];
  expect([first.statusCode, second.statusCode]).toEqual([201, 200]);
  expect(second.json()).toEqual(first.json());
  expect(first.json()).toMatchObject({
    price: 19.95,
    inventory: 4,
    img_url: "/assets/bicycles.svg",
  });
  expect(first.headers["x-wrote-to"]).toMatch(/;ms=/);
  expect((await add(asAdmin, { price: 1 })).statusCode).toBe(409);
  expect((await add(asAdmin, { sku: "N2", price: 1.005 })).statusCode).toBe(400);
  expect((await add(asAdmin, { sku: "N2", price: -1 })).statusCode).toBe(400);
  expect((await add(asAdmin, { sku: "N2", id: 2 })).statusCode).toBe(400);
  expect((await add(asAdmin, { sku: "N2", tags: ["unheard-of"] })).statusCode).toBe(400);
  expect((await add(asAdmin, { sku: "N2" }, "weapons")).statusCode).toBe(404);
  expect((await get<ProductList>("/products/search?q=lantern")).total).toBe(1);
});

test("the service tells where it reads and writes, and whether it is well", async () => {
  const address = { inet_server_addr: bench.address.host };
  expect(await get("/products/whereami")).toEqual({ reader: address, writer: address });
  expect(await get("/products/whereami?database=catalog")).toEqual({
    reader: address,
    writer: address,
  });
  const way = { ok: true, address: bench.address.host };
  expect(await get("/healthcheck?deep=1")).toMatchObject({
    status: "success",
    paths: { reader: way, writer: way, "orders.reader": way, "orders.writer": way },
  });
  expect((await service.inject("/health")).body).toBe("OK");
});
