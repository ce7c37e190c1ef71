import fc from "fast-check";
import { expect, test } from "vitest";
import { Secret } from "../std/secret.ts";
import { iniText, usersText } from "./ini.ts";
import { readDatabases } from "./read-ini.ts";

const settings = {
  address: { host: "127.0.1.3", port: 6432 },
  clientsMax: 1_000,
  poolSize: 20,
  usersPath: "/state/pgbouncer/users.txt",
};
const gdbdemo = { name: "gdbdemo", host: "127.0.1.1", port: 6432, dbname: "orders-rw" };

test("a database's line begins with its name and reads as people write it", () => {
  const lines = [gdbdemo, { ...gdbdemo, name: "gdbdemo-ro", dbname: "orders-ro" }];
  const found = iniText(settings, lines)
    .split("\n")
    .filter((line) => line.startsWith("gdbdemo"));
  expect(found).toEqual([
    "gdbdemo = host=127.0.1.1 port=6432 dbname=orders-rw",
    "gdbdemo-ro = host=127.0.1.1 port=6432 dbname=orders-ro",
  ]);
});

test("it listens at its address alone, and limits no request by itself", () => {
  const text = iniText(settings, [gdbdemo]);
  expect(text).toContain("\nlisten_addr = 127.0.1.3\n");
  expect(text).toContain("\nunix_socket_dir =\n");
  expect(text).toContain("\nquery_timeout = 0\n");
});

const oneLine = fc.string({ minLength: 1, maxLength: 30 }).filter((text) => !/[\n\r\0]/.test(text));

test("whatever a database's own name is made of, the file says it", () => {
  const line = fc.record({
    name: fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_.-]{0,62}$/),
    host: fc.ipV4(),
    port: fc.integer({ min: 1, max: 65_535 }),
    dbname: oneLine,
  });
  fc.assert(
    fc.property(fc.array(line, { maxLength: 5 }), (lines) => {
      expect(readDatabases(iniText(settings, lines))).toEqual(lines);
    }),
  );
});

test.for([
  ["an empty file", ""],
  ["a line without a host", "[databases]\ngdbdemo = port=6432\n"],
  ["a line of another section", "[users]\ngdbdemo = host=127.0.1.1\n"],
  ["a comment", "[databases]\n; gdbdemo = host=127.0.1.1\n"],
  ["nonsense", "[databases\n=\ngdbdemo\n[]\ngdbdemo = host="],
])("%s says nothing about a database", ([, text = ""]) => {
  expect(readDatabases(text)).toEqual([]);
});

test("a line of a person's own spacing is understood", () => {
  const text = " [databases] \n\tgdbdemo=dbname=orders-rw   port = 6432 host =127.0.1.1\n";
  expect(readDatabases(text)).toEqual([gdbdemo]);
});

test("a user's quotes are doubled, and no user takes the console's name", () => {
  const users = [
    { name: 'o"neil', password: new Secret('p"w') },
    { name: "leeward", password: new Secret("other") },
  ];
  const text = usersText(users, { password: new Secret("console") });
  expect(text).toBe('"leeward" "console"\n"o""neil" "p""w"\n');
});

test("a name that PgBouncer could not read is a bug, and not written", () => {
  expect(() => iniText(settings, [{ ...gdbdemo, name: "a = host=evil\nb" }])).toThrow("letters");
});

test("a password of two lines is a bug, and no third user", () => {
  const users = [{ name: "app", password: new Secret('x"\n"root" "y') }];
  expect(() => usersText(users, { password: new Secret("console") })).toThrow("one line");
});
