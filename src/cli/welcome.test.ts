import pico from "picocolors";
import { expect, test } from "vitest";
import { exampleStatus } from "../../test/fake-world.ts";
import { welcome } from "./welcome.ts";

const colors = pico.createColors(false);

test("the last lines say where everything is, and what to try in this world's own words", () => {
  const text = welcome(exampleStatus(), { colors, tookMs: 4_200, failed: undefined }).join("\n");
  expect(text).toContain("is ready (4.2 s)");
  expect(text).toMatch(/orders +us-east-1 +writer +127\./);
  expect(text).toMatch(/gateway +us-west-2 +127\.0\.2\.1:6432 +orders, orders-ro, orders-rw/);
  expect(text).toContain("npx leeward region kill us-west-2");
  expect(text).toContain("npx leeward down");
});

test("a world that is not ready says why", () => {
  const view = { colors, tookMs: 1, failed: "orders/us-west-2/1: no space" };
  const [, head] = welcome(exampleStatus(), view);
  expect(head).toMatch(/runs, but is not ready: orders\/us-west-2\/1: no space$/);
});

test("a world without a global database is not told to write into one", () => {
  const view = { colors, tookMs: 1, failed: undefined };
  const text = welcome({ ...exampleStatus(), databases: {} }, view).join("\n");
  expect(text).not.toContain("psql");
});
