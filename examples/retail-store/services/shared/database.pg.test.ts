/** What becomes of a connection that met an error, with a real PostgreSQL. Tokens: ../order/orders-gateway.pg.test.ts. */
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import {
  OrdersBench,
  placeOrder,
  purchaseValues,
} from "../../../../test/retail-store/orders-bench.ts";
import { eventually } from "../../../../test/postgres/scratch.ts";
import { databaseHealth } from "./deep-health.ts";
import type { Database } from "./database.ts";

let bench: OrdersBench;
/** Of one connection. */
let database: Database;

beforeAll(async () => {
  bench = await OrdersBench.open();
  database = bench.open(bench.address, 1);
});
beforeEach(() => bench.refill());
afterAll(() => bench.close());

async function backend(): Promise<number> {
  const { rows } = await database.read<{ pid: number }>("select pg_backend_pid() as pid", []);
  return rows[0]?.pid ?? 0;
}

test("a connection on which something was refused is used again", async () => {
  const before = await backend();
  const soldOut = purchaseValues({ lines: [{ productId: 6, quantity: 1, unitPrice: 1 }] });
  await expect(database.write(placeOrder, soldOut)).rejects.toMatchObject({ code: "RS001" });
  await expect(database.read("select 1 / $1::int", [0])).rejects.toMatchObject({ code: "22012" });
  const twice = "insert into inventory (product_id, on_hand) values (1, 1)";
  await expect(database.write(twice, [])).rejects.toMatchObject({ code: "23505" });
  expect(await backend()).toBe(before);
});

test("a connection that broke, and one whose transaction failed, are given to nobody", async () => {
  const before = await backend();
  await bench.rows("select pg_terminate_backend($1, 5000)", [before]);
  const next = await backend();
  expect(next).not.toBe(before);
  const failing = database.transaction((client) => client.query("select 1 / 0"));
  await expect(failing).rejects.toMatchObject({ code: "22012" });
  expect(await backend()).not.toBe(next);
});

test("a health check that nobody answers gives up what it asked, and its connection", async () => {
  const frozen = await backend();
  process.kill(frozen, "SIGSTOP");
  try {
    const paths = await databaseHealth(database, { again: database })();
    expect(Object.keys(paths)).toEqual(["reader", "writer", "again.reader", "again.writer"]);
    expect(paths["reader"]).toMatchObject({ ok: false });
  } finally {
    process.kill(frozen, "SIGCONT");
  }
  await eventually("its backend has gone", async () => {
    const rows = await bench.rows("select from pg_stat_activity where pid = $1", [frozen]);
    return rows.length === 0;
  });
  expect(await backend()).not.toBe(frozen);
});
