import { expect, test } from "vitest";
import { gatewayCounts } from "../../test/gateway-counters.ts";
import type { DatabaseId } from "../model/region.ts";
import type { GatewayFacts } from "../wire/gateway-protocol.ts";
import { GatewayWindow } from "./gateway-window.ts";

const database = "orders" as DatabaseId;
const facts = (writes: number): GatewayFacts => ({
  state: "serving",
  databases: [gatewayCounts({ writes, writeMs: 3 * writes })],
});

test("what was counted is told with the time that it took", () => {
  const window = new GatewayWindow();
  window.note(facts(100), 5_000);
  expect(window.pace(database)).toMatchObject({ writes: 0, overMs: 0 });
  window.note(facts(150), 7_500);
  expect(window.pace(database)).toMatchObject({ writes: 50, writeMs: 150, overMs: 2_500 });
});

test("what is older than 10 s does not count, however often it is reported", () => {
  const window = new GatewayWindow();
  for (let ms = 0; ms <= 60_000; ms += 50) window.note(facts(ms / 10), ms);
  const { writes = 0, overMs = 0 } = window.pace(database) ?? {};
  expect(overMs).toBeGreaterThan(8_900);
  expect(overMs).toBeLessThanOrEqual(11_000);
  expect(writes).toBe(overMs / 10);
});

test("a gateway that was started again has done nothing less than nothing", () => {
  const window = new GatewayWindow();
  window.note(facts(1_000), 0);
  window.note(facts(3), 2_000);
  expect(window.pace(database)).toMatchObject({ writes: 0, overMs: 0 });
  window.note(facts(5), 4_000);
  expect(window.pace(database)).toMatchObject({ writes: 2, overMs: 2_000 });
});

test("nothing is known of a gateway that nobody reports, or of a database that it does not have", () => {
  const window = new GatewayWindow();
  expect(window.pace(database)).toBeUndefined();
  window.note(facts(1), 0);
  expect(window.pace("catalog" as DatabaseId)).toBeUndefined();
  window.note({ state: "down", databases: [] }, 1_000);
  expect(window.pace(database)).toBeUndefined();
  window.note(facts(0), 2_000);
  expect(window.pace(database)).toMatchObject({ writes: 0, overMs: 0 });
  window.note(undefined, 3_000);
  expect(window.pace(database)).toBeUndefined();
});
