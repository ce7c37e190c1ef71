/** Orders where the primary is lost with its newest: their numbers, and who tells of them. */
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  OrdersBench,
  placeOrder,
  purchaseValues,
} from "../../../test/retail-store/orders-bench.ts";
import { eventually, soon } from "../../../test/postgres/scratch.ts";
import { Publisher } from "../services/relay/publisher.ts";
import { Relay } from "../services/relay/relay.ts";
import type { Database } from "../services/shared/database.ts";

let bench: OrdersBench;

beforeAll(async () => {
  bench = await OrdersBench.open();
});
afterAll(() => bench.close());

async function place(database: Database): Promise<number> {
  const lines = [{ productId: 1, quantity: 1, unitPrice: 42.95 }];
  const values = purchaseValues({ lines });
  const [placed] = await bench.rows<{ document: { id: number } }>(placeOrder, values, database);
  return placed?.document.id ?? Number.NaN;
}

test("a number that was lost in a failover is never given again, and two at once after it get two", async () => {
  await bench.rows("update inventory set on_hand = 1000");
  const standby = await bench.follow(bench.server, bench.address, "b");
  const kept = await place(bench.database);
  const sql = "select max(id)::int as id from customer_order";
  await eventually("the order has arrived", async () => {
    return (await bench.rows<{ id: number }>(sql, [], standby.database))[0]?.id === kept;
  });
  // There is no broker at all: a relay that wanted to publish would fail.
  const relay = new Relay(standby.database, new Publisher("amqp://127.0.0.1:1"));
  await relay.step();
  expect(relay.status).toEqual({ active: false, published: 0, lastError: undefined });

  // It streams no more, and what is bought now is there alone: more than a sequence keeps in reserve (32).
  await standby.server.stop("fast", soon());
  const lost: number[] = [];
  for (let n = 0; n < 40; n += 1) lost.push(await place(bench.database));
  await bench.server.stop("immediate", soon());

  await standby.server.start({ kind: "fenced" }, soon());
  await standby.server.promote(soon());
  await standby.server.openWrites({ epoch: 2, operation: "test" }, soon());
  expect(await bench.rows(sql, [], standby.database)).toEqual([{ id: kept }]);

  const both = await Promise.all([place(standby.database), place(standby.database)]);
  expect(new Set(both).size).toBe(2);
  expect(Math.min(...both)).toBeGreaterThan(Math.max(...lost));
  await expect(relay.step()).rejects.toThrow(/ECONNREFUSED/);
  expect(relay.status.active).toBe(true);
  // And from there on one after the other, as before.
  expect(await place(standby.database)).toBe(Math.max(...both) + 1);
  expect(Math.max(...both) - Math.min(...both)).toBe(1);

  // As after two promotions, of which this server has never seen what was sold under the first.
  await bench.rows(
    "update order_number_timeline set timeline = timeline - 2",
    [],
    standby.database,
  );
  expect(await place(standby.database)).toBeGreaterThan(Math.max(...both) + 2_000);
});
