import { expect, test } from "vitest";
import { connectionString } from "./connection-string.ts";
import { findPassword } from "./pass-file.ts";
import { parsePeers, slotName, subscriptionName } from "./peers.ts";

const west = {
  region: "us-west-2",
  host: "127.0.1.102",
  port: 5433,
  user: "carts",
  database: "carts",
};

test("CARTS_PEERS names the carts databases of the other Regions", () => {
  const text =
    "us-west-2=postgres://carts@127.0.1.102:5433/carts, eu-1=postgresql://c%40x@db/carts";
  expect(parsePeers(text)).toEqual([
    west,
    { region: "eu-1", host: "db", port: 5432, user: "c@x", database: "carts" },
  ]);
  expect(parsePeers("")).toEqual([]);
});

test.each([
  "us-west-2",
  "us-west-2=http://carts@h/carts",
  "us-west-2=postgres://carts:hunter2@h/carts",
  "us-west-2=postgres://h/carts",
  "us-west-2=postgres://carts@h",
  "US=postgres://carts@h/carts",
])("an entry that cannot be read is refused without showing what might be secret: %s", (entry) => {
  expect(() => parsePeers(entry)).toThrow(/CARTS_PEERS has an entry/);
  expect(() => parsePeers(entry)).not.toThrow(/hunter2/);
});

test("names of slots and subscriptions are what PostgreSQL takes, and a slot belongs to a timeline", () => {
  expect(subscriptionName("us-west-2")).toBe("carts_from_us_west_2");
  expect(slotName("us-east-1", 3)).toBe("carts_to_us_east_1_t3");
  expect(slotName("a".repeat(40), 4_294_967_295).length).toBeLessThan(64);
});

test("the first line of the password file that fits counts", () => {
  const text = [
    "# carts:carts:carts:carts:no",
    "127.0.1.102:5433:orders:carts:other-database",
    "127.0.1.102:*:carts:carts:with\\:colon\\\\and:more",
    "*:*:*:*:too-late",
  ].join("\n");
  expect(findPassword(text, west)).toBe("with:colon\\and:more");
  expect(findPassword(text, { ...west, host: "elsewhere" })).toBe("too-late");
  expect(findPassword("h:1:d:u:p\nbroken line\n", west)).toBeUndefined();
});

test("a connection string quotes what a password may have in it", () => {
  expect(connectionString(west, "it's\\so")).toContain(
    "user='carts' password='it\\'s\\\\so' dbname='carts'",
  );
});
