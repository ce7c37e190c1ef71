import { expect, test } from "vitest";
import { parseActiveServers, parseDatabases, withAges } from "./console-rows.ts";

const database = {
  name: "gdbdemo",
  host: "127.0.1.1",
  port: 6432,
  database: "orders-rw",
  force_user: null,
  paused: 0,
};

test("the console itself is no database", () => {
  const console = { ...database, name: "pgbouncer", host: null };
  expect(parseDatabases([database, console])).toEqual([
    { name: "gdbdemo", host: "127.0.1.1", port: 6432, dbname: "orders-rw", isPaused: false },
  ]);
});

test("numbers are numbers also where a version sends them as text", () => {
  expect(parseDatabases([{ ...database, port: "6432", paused: "1" }])).toMatchObject([
    { port: 6432, isPaused: true },
  ]);
});

test("an answer of another shape is a failure with PgBouncer's name in it", () => {
  expect(() => parseDatabases([{ name: "gdbdemo" }])).toThrow("PgBouncer answers SHOW DATABASES");
});

test("the age of a server's request is counted to our own, also over midnight", () => {
  const server = { database: "gdbdemo", addr: "127.0.1.1", port: 6432 };
  const servers = [
    { ...server, state: "active", link: "0x1" },
    { ...server, state: "idle", link: "" },
    // Its client has left between the two answers.
    { ...server, state: "active", link: "0x2" },
  ];
  const clients = [
    { user: "app", database: "gdbdemo", ptr: "0x1", request_time: "2026-12-31 23:59:58 UTC" },
    { user: "leeward", database: "pgbouncer", ptr: "0x3", request_time: "2026-12-31 23:00:00 UTC" },
    { user: "leeward", database: "pgbouncer", ptr: "0x4", request_time: "2027-01-01 00:00:03 UTC" },
  ];
  expect(withAges(parseActiveServers(servers), clients)).toEqual([
    { name: "gdbdemo", host: "127.0.1.1", port: 6432, ageSeconds: 5 },
  ]);
});
