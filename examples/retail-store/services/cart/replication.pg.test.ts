/** The exchange between two Regions is set up and mended, through a gateway, whatever state it is found in. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { eventually } from "../../../../test/postgres/scratch.ts";
import {
  openCartsGateway,
  type CartsGateway,
} from "../../../../test/retail-store/carts-gateway.ts";
import {
  cartsPassword,
  openCartsDatabase,
  TwoCarts,
  type Side,
} from "../../../../test/retail-store/two-carts.ts";
import type { Database } from "../shared/database.ts";
import type { Replication } from "./replication.ts";

let two: TwoCarts;
let gateway: CartsGateway;
let throughGateway: Database;
let replicas: readonly Replication[] = [];

beforeAll(async () => {
  two = await TwoCarts.open();
  gateway = await openCartsGateway(two.east);
  throughGateway = openCartsDatabase(gateway.listen);
  // Two replicas in the east, which see their database through the gateway, and one in the west, which sees it directly.
  replicas = [
    two.east.newReplication(throughGateway),
    two.east.newReplication(throughGateway),
    two.west.replication,
  ];
  for (const replica of replicas) replica.start();
  await two.bothStream();
});

afterAll(async () => {
  await Promise.all(replicas.map((replica) => replica.close()));
  await throughGateway.close();
  await gateway[Symbol.asyncDispose]();
  await two[Symbol.asyncDispose]();
});

let written = 0;

/** What is written on either side is read on the other. */
async function exchanges(): Promise<boolean> {
  for (const [from, to] of [
    [two.east, two.west],
    [two.west, two.east],
  ] as const) {
    written += 1;
    const customer = `exchange-${written}`;
    await from.query("select cart_set($1, 2, 5)", [customer]);
    await eventually(`${customer} arrives in ${to.region}`, async () => {
      const rows = await to.query<{ items: readonly unknown[] }>("select cart_of($1) as items", [
        customer,
      ]);
      return rows[0]?.items.length === 1;
    });
  }
  return true;
}

async function slots(side: Side): Promise<readonly string[]> {
  const rows = await side.query<{ slot_name: string }>(
    "select slot_name from pg_replication_slots where plugin = 'pgoutput' order by slot_name",
  );
  return rows.map(({ slot_name }) => slot_name);
}

test("each side has one slot for the other, also with several replicas at work", async () => {
  expect(await exchanges()).toBe(true);
  expect(await slots(two.east)).toEqual(["carts_to_us_west_2_t1"]);
  expect(await slots(two.west)).toEqual(["carts_to_us_east_1_t1"]);
  await eventually("all three say so", async () =>
    replicas.every((replica) => replica.states().every(({ kind }) => kind === "streams")),
  );
});

test("a heartbeat tells how old the news from the other side are", async () => {
  await two.west.query("select cart_beat()");
  let [age, transit] = [Infinity, -1];
  await eventually("it arrives", async () => {
    const rows = await two.east.query<{ age_ms: number; transit_ms: number }>(
      "select age_ms, transit_ms from cart_latency where region = 'us-west-2'",
    );
    for (const { age_ms, transit_ms } of rows) [age, transit] = [age_ms, transit_ms];
    return age < 20_000;
  });
  expect(transit).toBeGreaterThan(0);
  expect(age).toBeGreaterThanOrEqual(transit);
});

test("a slot that is missing is made anew, with a copy of what it would have brought", async () => {
  two.east.way.cutOff();
  await eventually("nobody reads", async () => {
    const rows = await two.west.query<{ active: boolean }>(
      "select active from pg_replication_slots where slot_name = 'carts_to_us_east_1_t1'",
    );
    return rows[0]?.active === false;
  });
  await two.west.query("select cart_set('while-cut', 3, 7)");
  await two.west.query("select pg_drop_replication_slot('carts_to_us_east_1_t1')");
  two.east.way.heal();
  await eventually("the copy brings it", async () => {
    const rows = await two.east.query<{ items: readonly unknown[] }>(
      "select cart_of('while-cut') as items",
    );
    return rows[0]?.items.length === 1;
  });
  await two.bothStream();
  expect(await exchanges()).toBe(true);
  expect(await slots(two.west)).toEqual(["carts_to_us_east_1_t1"]);
});

test("a slot that the other side had to give up is made anew", async () => {
  two.east.way.cutOff();
  await two.west.asSuperuser("alter system set max_slot_wal_keep_size = '1MB'");
  await two.west.asSuperuser("alter system set wal_keep_size = 0");
  await two.west.asSuperuser("select pg_reload_conf()");
  await two.west.query("select cart_set('given-up', 3, 7)");
  const status = async (): Promise<unknown> => {
    await two.west.asSuperuser(
      "select pg_logical_emit_message(false, 'fill', repeat('x', 4000000))",
    );
    await two.west.asSuperuser("select pg_switch_wal()");
    await two.west.asSuperuser("checkpoint");
    const rows = await two.west.query<{ wal_status: string }>(
      "select wal_status from pg_replication_slots where slot_name = 'carts_to_us_east_1_t1'",
    );
    return rows[0]?.wal_status;
  };
  await eventually("the slot is lost", async () => (await status()) === "lost");
  await two.west.asSuperuser("alter system reset all");
  await two.west.asSuperuser("select pg_reload_conf()");
  two.east.way.heal();
  await eventually("the copy brings it", async () => {
    const rows = await two.east.query<{ items: readonly unknown[] }>(
      "select cart_of('given-up') as items",
    );
    return rows[0]?.items.length === 1;
  });
  await two.bothStream();
  expect(await exchanges()).toBe(true);
});

test("a subscription that somebody disabled, or that has a wrong password, is mended", async () => {
  await two.east.query("alter subscription carts_from_us_west_2 disable");
  expect(await exchanges()).toBe(true);
  const { host, port } = two.east.peer;
  await two.east.query(
    `alter subscription carts_from_us_west_2
       connection 'host=${host} port=${port} user=carts dbname=carts password=wrong'`,
  );
  expect(await exchanges()).toBe(true);
});

test("without a password nothing is tried, and the log says what is missing", async () => {
  const before = readFileSync(two.east.passFile, "utf8");
  writeFileSync(two.east.passFile, "# nothing\n");
  await eventually("it is said", async () =>
    two.east.log.some((line) => line.includes("PGPASSFILE has no line")),
  );
  writeFileSync(two.east.passFile, before);
  await eventually("it goes on", async () => two.east.log.at(-1)?.includes("streams") === true);
  expect(two.east.log.join("\n")).not.toContain("# nothing");
});

test("the password is in no log", () => {
  const texts = two.sides.flatMap(({ region, log }) => [
    readFileSync(join(two.scratch.directory, region, "postgres.log"), "utf8"),
    ...log,
  ]);
  const password = cartsPassword.reveal();
  const quoted = [password, password.replaceAll("'", "\\'"), "secret:of"];
  expect(texts.filter((text) => quoted.some((one) => text.includes(one)))).toEqual([]);
  expect(texts.join("")).toContain("password=later");
});
