import { expect, test } from "vitest";
import {
  createdRecord,
  database,
  east,
  europe,
  orders,
  west,
} from "../../test/database-fixtures.ts";
import type { DatabaseId, RegionId } from "../model/region.ts";
import { Systems } from "./systems.ts";
import { detachedSystem } from "./topology.ts";

const alone = detachedSystem(orders, west);

/** With the records of these systems. */
function systemsWith(...keys: readonly string[]): Systems {
  return new Systems([orders], { has: (key) => keys.includes(key) });
}

test("a Region that was detached is a system of its own while it has a record", () => {
  const keysOf = (systems: Systems): readonly string[] => systems.all().map(({ key }) => key);
  expect(keysOf(systemsWith(orders.key))).toEqual([orders.key]);
  expect(keysOf(systemsWith(orders.key, alone.key))).toEqual([orders.key, alone.key]);
});

test("a system is found by what people call it, also one of a detached Region", () => {
  const systems = systemsWith(orders.key, alone.key);
  expect(systems.find({ database, to: east }).key).toBe(orders.key);
  expect(systems.find({ database: alone.name, to: west }).key).toBe(alone.key);
  const find = (name: string, to: string) => () =>
    systems.find({ database: name as DatabaseId, to: to as RegionId });
  expect(find("invoices", east)).toThrow("There is no database invoices");
  expect(find("orders-eu-central-1", east)).toThrow("There is no database");
  expect(find("orders", "mars")).toThrow("There is no Region mars");
});

test("D13: what is left in a Region that is no member is a leftover, unless the Region stands alone", () => {
  const record = createdRecord({ members: [east] });
  const regions = (systems: Systems): readonly RegionId[] =>
    systems.leftoversOf(orders, record).map(({ region }) => region);
  expect(regions(systemsWith(orders.key))).toEqual([west, europe]);
  expect(regions(systemsWith(orders.key, alone.key))).toEqual([europe]);
});
