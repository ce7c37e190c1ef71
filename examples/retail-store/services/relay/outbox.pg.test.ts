/** What the relay removes from the outbox, where there is no broker at all. */
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import {
  OrdersBench,
  placeOrder,
  purchaseValues,
} from "../../../../test/retail-store/orders-bench.ts";
import { pruneMax, pruneOutbox } from "./outbox.ts";
import { Publisher } from "./publisher.ts";
import { Relay } from "./relay.ts";

let bench: OrdersBench;

beforeAll(async () => {
  bench = await OrdersBench.open();
});
beforeEach(() => bench.refill());
afterAll(() => bench.close());

/** Of one order, in the order of their ids; NULL waits. */
async function add(publishedAt: string, count = 1): Promise<void> {
  const [order] = await bench.rows<{ id: number }>("select max(id)::int as id from customer_order");
  const number =
    order?.id ?? (await bench.rows<Placed>(placeOrder, purchaseValues()))[0]?.document.id;
  await bench.rows(
    `insert into outbox (type, order_id, payload, published_at)
     select 'OrderCreated', $1, jsonb_build_object('published', $2::text), ${publishedAt}
     from generate_series(1, $3)`,
    [number, publishedAt, count],
  );
}

type Placed = { readonly document: { readonly id: number } };

async function left(): Promise<readonly unknown[]> {
  const rows = await bench.rows<{ at: string | null }>(
    "select payload->>'published' as at from outbox where payload ? 'published' order by id",
  );
  return rows.map(({ at }) => at);
}

test("what was published a month ago is removed, and nothing else, also where somebody else does the same", async () => {
  const [old, recent, waiting] = [
    "now() - interval '31 days'",
    "now() - interval '29 days'",
    "null",
  ];
  for (const at of [old, waiting, recent, old]) await add(at);
  const removed = await Promise.all([pruneOutbox(bench.database), pruneOutbox(bench.database)]);
  expect(removed.reduce((sum, one) => sum + one, 0)).toBe(2);
  expect(await left()).toEqual([waiting, recent]);
  expect(await pruneOutbox(bench.database)).toBe(0);
});

test("a relay with nothing to publish removes them in batches, and then none until a minute later", async () => {
  const old = "now() - interval '31 days'";
  await add(old, pruneMax + 1);
  await bench.rows("update outbox set published_at = now() where published_at is null");
  const relay = new Relay(bench.database, new Publisher("amqp://127.0.0.1:1"));
  await relay.step();
  expect(await left()).toHaveLength(2);
  await relay.step();
  expect(await left()).toHaveLength(0);
  await add(old);
  await relay.step();
  expect(await left()).toHaveLength(1);
  expect(relay.status).toEqual({ active: true, published: 0, lastError: undefined });
});
