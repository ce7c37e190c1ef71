import { expect, test } from "vitest";
import { decideEviction, type ActiveServer } from "./evict.ts";

const old = "127.0.1.102";
const own = "127.0.1.1";
const wanted = [
  { name: "gdbdemo", host: own, port: 6432, dbname: "orders-rw" },
  { name: "gdbdemo-ro", host: own, port: 6432, dbname: "orders-ro" },
];
const server = (host: string, ageSeconds: number, name = "gdbdemo"): ActiveServer => ({
  name,
  host,
  port: 6432,
  ageSeconds,
});
const decideOn = (servers: readonly ActiveServer[], isSilent = true) =>
  decideEviction(servers, wanted, ({ host }) => isSilent && host === old);

test("servers of a gateway that answers end with their transactions", () => {
  expect(decideOn([server(old, 60)], false)).toMatchObject({ kind: "none" });
});

test("servers where a name leads are nobody's to evict, although they are silent", () => {
  expect(decideEviction([server(own, 60)], wanted, () => true)).toMatchObject({ kind: "none" });
});

test("the limit hits those that wait for a gateway that is gone, and nobody younger", () => {
  const servers = [server(old, 9), server(old, 7), server(own, 2), server(own, 4, "gdbdemo-ro")];
  expect(decideOn(servers)).toMatchObject({ kind: "limit", seconds: 6, servers: 2 });
});

test("a request that has just begun is not told from others yet", () => {
  expect(decideOn([server(old, 1)])).toMatchObject({ kind: "none" });
  expect(decideOn([server(old, 2)])).toMatchObject({ kind: "limit", seconds: 1 });
});

test("where others have requests as old, they are waited for, then the database's clients end", () => {
  const report = server(own, 600, "gdbdemo-ro");
  expect(decideOn([server(old, 29), report])).toMatchObject({ kind: "none" });
  expect(decideOn([server(old, 30), report])).toMatchObject({ kind: "kill", names: ["gdbdemo"] });
});
