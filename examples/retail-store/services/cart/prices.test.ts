import { expect, test } from "vitest";
import type { Answer, ServiceClient } from "../shared/client.ts";
import { Refusal, Unavailable } from "../shared/refusal.ts";
import { Prices } from "./prices.ts";

function shop(): { prices: Prices; asked: string[]; now: { ms: number }; fails: { with?: Error } } {
  const asked: string[] = [];
  const now = { ms: 1_000_000 };
  const fails: { with?: Error } = {};
  const call = async <T>(_method: string, path: string): Promise<Answer<T>> => {
    asked.push(path.split("=")[1] ?? "");
    if (fails.with) throw fails.with;
    const ids = (path.split("=")[1] ?? "").split(",").map(Number);
    const product_items = ids.filter((id) => id < 100_000).map((id) => ({ id, price: id / 100 }));
    return { body: { product_items } as T, seen: undefined, read: undefined, wrote: undefined };
  };
  const client: Pick<ServiceClient, "call"> = { call };
  return { prices: new Prices(client, () => now.ms), asked, now, fails };
}

test("a price is asked for once in five seconds, and together with others", async () => {
  const { prices, asked, now } = shop();
  await prices.of([200, 300]);
  expect(await prices.of([300, 200, 400, 200])).toEqual(
    new Map([
      [300, 3],
      [200, 2],
      [400, 4],
    ]),
  );
  now.ms += 5_001;
  await prices.of([200]);
  expect(asked).toEqual(["200,300", "400", "200"]);
});

test("while the product service is away, only what was just asked for has a price", async () => {
  const { prices, now, fails } = shop();
  await prices.of([200]);
  fails.with = new Unavailable("The product service does not answer.");
  expect(await prices.of([200])).toEqual(new Map([[200, 2]]));
  await expect(prices.of([300])).rejects.toThrow("does not answer");
  now.ms += 5_001;
  await expect(prices.of([200])).rejects.toThrow("does not answer");
});

test("what is not sold has no price, however that is said", async () => {
  const { prices, fails } = shop();
  expect(await prices.of([100_000])).toEqual(new Map());
  fails.with = new Refusal(404, "unknown-product", "There is no such product.");
  expect(await prices.of([7])).toEqual(new Map());
});

test("no more than 2,000 prices are kept", async () => {
  const { prices, asked } = shop();
  for (let id = 1; id <= 2_001; id += 1) await prices.of([id]);
  await prices.of([2_001]);
  expect(asked.length).toBe(2_001);
  await prices.of([1]);
  expect(asked.length).toBe(2_002);
});
