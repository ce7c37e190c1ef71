import { expect, test } from "vitest";
import { kinds, tags, type Tag } from "./assortment/model.ts";
import { initialStock, keywordsOf, products } from "./products.ts";
import { reviews } from "./reviews.ts";

test("there are at least 200 products in four categories, each with an id, SKU and name of its own", () => {
  expect(products.length).toBeGreaterThanOrEqual(200);
  expect(new Set(products.map(({ category }) => category)).size).toBe(4);
  for (const key of ["id", "sku", "name"] as const) {
    expect(new Set(products.map((product) => product[key])).size).toBe(products.length);
  }
});

test("the ids that others rely on are where they were", () => {
  const at = (id: number) => products.find((product) => product.id === id);
  expect(at(2)).toMatchObject({ category: "fashion", cents: 4_295 });
  expect(
    [3, 5_000_000, 5_000_010, 7_000_081, 7_000_183, 9_000_000, 9_000_001].map(
      (id) => at(id)?.category,
    ),
  ).toEqual(["fashion", "apparels", "apparels", "bicycles", "bicycles", "jewelry", "jewelry"]);
});

test("watches are smart, dress, luxury and casual", () => {
  const watches = products.filter(({ picture }) => picture.kind.startsWith("watch-"));
  const counts = (["smart", "dress", "luxury", "casual"] as const).map(
    (tag) => watches.filter((watch) => watch.tags.includes(tag)).length,
  );
  expect(counts).toEqual([6, 6, 4, 6]);
  expect(watches.every(({ category }) => category === "fashion")).toBe(true);
});

test("every kind and every tag is used, and texts fit their columns", () => {
  expect(new Set(products.map(({ picture }) => picture.kind))).toEqual(new Set(kinds));
  const used = new Set<Tag>(products.flatMap((product) => product.tags));
  expect([...used].toSorted()).toEqual(Object.keys(tags).toSorted());
  for (const product of products) {
    expect(product.name.length).toBeLessThanOrEqual(120);
    expect(product.description.length).toBeLessThanOrEqual(2_000);
    expect(keywordsOf(product).length).toBeLessThanOrEqual(400);
    expect(product.cents).toBeGreaterThan(0);
  }
});

test("a few products are scarce, two are sold out, and there is enough of those in examples", () => {
  const stock = new Map(initialStock().map(({ productId, onHand }) => [productId, onHand]));
  expect([...stock.values()].filter((onHand) => onHand === 0)).toHaveLength(2);
  expect([...stock.values()].filter((onHand) => onHand > 0 && onHand < 10).length).toBeGreaterThan(
    3,
  );
  expect(stock.get(2)).toBe(20_000);
  for (const id of [3, 5_000_000, 5_000_010, 7_000_081, 7_000_183, 9_000_000, 9_000_001]) {
    expect(stock.get(id)).toBeGreaterThan(300);
  }
});

test("there are at least 400 reviews, one of a person for a product, and most are pleased", () => {
  expect(reviews.length).toBeGreaterThanOrEqual(400);
  const written = reviews.map(({ productId, username }) => `${productId} ${username}`);
  expect(new Set(written).size).toBe(reviews.length);
  expect(new Set(reviews.map(({ review }) => review)).size).toBeGreaterThan(200);
  const mean = reviews.reduce((sum, { rating }) => sum + rating, 0) / reviews.length;
  expect(mean).toBeGreaterThan(3.8);
  expect(mean).toBeLessThan(4.6);
});
