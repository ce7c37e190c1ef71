/** The user service over HTTP, with a real PostgreSQL behind it. */
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { sql, superuserPassword } from "../../../../test/postgres/scratch.ts";
import { OrdersBench } from "../../../../test/retail-store/orders-bench.ts";
import { migrate } from "../../databases/migrate.ts";
import { orderMigrations } from "../../databases/seed-orders.ts";
import { openDatabase, type Database } from "../shared/database.ts";
import { buildService, type Service } from "../shared/service.ts";
import { addUserRoutes } from "./user-routes.ts";

let bench: OrdersBench;
let database: Database;
let service: Service;

beforeAll(async () => {
  bench = await OrdersBench.open();
  database = openDatabase({ url: bench.url(), manner: "gateway" });
  const { host: HOST } = bench.address;
  const environment = { HOST, PORT: 0, LEEWARD_REGION: "us-east-1", LEEWARD_REPLICA: 1 };
  const routes = (added: Service): void => addUserRoutes(added, database);
  service = await buildService({ name: "user", environment, routes });
});
beforeEach(() => bench.refill());
afterAll(async () => {
  await service.close();
  await database.close();
  await bench.close();
});

const ada = {
  fname: "Ada",
  lname: "Lovelace",
  email: "Ada@Example.com",
  password: "engine no. 1",
};
const { password } = ada;

async function post(url: string, body: object) {
  const reply = await service.inject({ method: "POST", url, body });
  return { status: reply.statusCode, body: reply.json() };
}

test("who registers is known by the password, whatever the case of the address, and by no other", async () => {
  const added = await post("/user/add", ada);
  expect(added).toMatchObject({ status: 201, body: { user: { email: "ada@example.com" } } });
  const known = await post("/user/verify", { email: "ADA@example.com", password });
  expect(known).toEqual({ status: 200, body: added.body });
  expect(JSON.stringify(known)).not.toMatch(/scrypt|engine/);
  const found = await service.inject({ url: "/user/getuser?email=ada@example.com" });
  expect(found.json()).toEqual(added.body);
  const [row] = await bench.rows("select password_hash from customer");
  expect(row?.["password_hash"]).toMatch(/^scrypt\$32768\$8\$1\$/);

  const wrong = await post("/user/verify", { email: ada.email, password: "x" });
  const unknown = await post("/user/verify", { email: "eve@example.com", password });
  expect(wrong).toMatchObject({ status: 401, body: { error: { code: "wrong-credentials" } } });
  expect(unknown).toEqual(wrong);
});

test("an address has one account, also when two register it at once", async () => {
  const both = await Promise.all([
    post("/user/add", ada),
    post("/user/add", { ...ada, email: "ada@EXAMPLE.com" }),
  ]);
  expect(both.map(({ status }) => status).toSorted()).toEqual([201, 409]);
});

test("a password is changed by who knows it, and then only the new one counts", async () => {
  await post("/user/add", ada);
  const change = { email: ada.email, password, next: "engine no. 2" };
  expect((await post("/user/password", { ...change, password: "x" })).status).toBe(401);
  expect((await post("/user/password", change)).status).toBe(200);
  expect((await post("/user/verify", { email: ada.email, password })).status).toBe(401);
  const now = { email: ada.email, password: change.next };
  expect((await post("/user/verify", now)).status).toBe(200);
});

test("who registered, or took another password, where this Region has not heard of it is known all the same", async () => {
  // A copy in which nothing has arrived is a database of its own: it is read from there, and written where it always is.
  const asSuperuser = { user: "leeward", password: superuserPassword, database: "postgres" };
  await sql(bench.address, "create database behind owner orders", asSuperuser);
  const url = bench.url().replace(/orders$/, "behind");
  const copy = openDatabase({ url, manner: "gateway", isLocal: true });
  await migrate(copy, orderMigrations([]));
  const { host: HOST } = bench.address;
  const behind = await buildService({
    name: "user",
    environment: { HOST, PORT: 0, LEEWARD_REGION: "us-west-2", LEEWARD_REPLICA: 1 },
    routes: (added) => addUserRoutes(added, { ...database, read: copy.read }),
  });
  const verify = async (secret: string): Promise<number> => {
    const body = { email: ada.email, password: secret };
    return (await behind.inject({ method: "POST", url: "/user/verify", body })).statusCode;
  };
  try {
    await post("/user/add", ada);
    expect(await verify(password)).toBe(200);
    expect(await verify("x")).toBe(401);
    const insert =
      "insert into customer (id, email, fname, lname, password_hash) values ($1, 'ada@example.com', '', '', $2)";
    const [row] = await bench.rows<{ password_hash: string; id: string }>("select * from customer");
    await copy.write(insert, [row?.id, row?.password_hash]);
    const change = { email: ada.email, password, next: "engine no. 2" };
    expect((await post("/user/password", change)).status).toBe(200);
    expect(await verify(change.next)).toBe(200);
  } finally {
    await behind.close();
    await copy.close();
  }
});

test("a password in an address is refused with 405, and is not answered with", async () => {
  const reply = await service.inject({ url: "/user/verify?email=a@b.cc&password=secret" });
  expect(reply.statusCode).toBe(405);
  expect(reply.headers["allow"]).toBe("POST");
  expect(reply.body).not.toContain("secret");
});

test.each<[string, object]>([
  ["a short password", { password: "seven77" }],
  ["a password of a thousand characters", { password: "x".repeat(1_000) }],
  ["no name", { fname: " " }],
  ["an address that is SQL", { email: "a@b.cc'; drop table customer; --" }],
  ["NUL in a name", { lname: "Love\0lace" }],
])("%s is refused, and nobody is added", async (_, change) => {
  expect((await post("/user/add", { ...ada, ...change })).status).toBe(400);
  expect(await bench.rows("select from customer")).toHaveLength(0);
});

test("a name that looks like SQL or HTML is kept as what it is", async () => {
  const fname = `Robert'); drop table customer; --<b>`;
  const { body } = await post("/user/add", { ...ada, fname });
  expect(body.user.fname).toBe(fname);
});
