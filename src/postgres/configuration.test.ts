import { expect, test } from "vitest";
import { renderBootstrap } from "./bootstrap.ts";
import {
  includeLeewardConf,
  renderHba,
  renderLeewardConf,
  renderPassFile,
  type Settings,
  synchronousSettings,
  withLiveSettings,
} from "./configuration.ts";
import { localeArguments } from "./new-cluster.ts";
import { ownObjects } from "./own-objects.ts";

const settings: Settings = {
  listenHost: "127.0.1.11",
  listenPort: 5432,
  slotWalKeepMegabytes: 8192,
  own: [],
  timeline: "latest",
  upstream: {
    address: { host: "127.0.2.101", port: 5432 },
    slot: "leeward_us_west_2_1",
    applicationName: "orders/us-west-2/1",
  },
  passFile: "/home/o'neil/my state/upstream.pass",
};

test("a path with a space and a quote survives two levels of quoting", () => {
  const line = renderLeewardConf(settings)
    .split("\n")
    .find((text) => text.startsWith("primary_conninfo"));
  expect(line).toContain(String.raw`passfile=''/home/o\''neil/my state/upstream.pass''`);
});

test("the user's own parameters come after Leeward's choices, which they may change", () => {
  const text = renderLeewardConf({ ...settings, own: [{ name: "shared_buffers", value: "1GB" }] });
  expect(text.lastIndexOf("shared_buffers = '1GB'")).toBeGreaterThan(
    text.indexOf("shared_buffers = '32MB'"),
  );
});

test("without an upstream there is no connection and no slot", () => {
  const text = renderLeewardConf({ ...settings, upstream: undefined });
  expect(text).toContain("primary_conninfo = ''\n");
  expect(text).toContain("primary_slot_name = ''\n");
});

test("every line of pg_hba.conf asks for SCRAM, and replication is for the replicator alone", () => {
  const lines = renderHba(["127.0.0.0/16"], "127.0.1.11").split("\n").slice(1, -1);
  expect(lines.every((line) => line.endsWith(" scram-sha-256"))).toBe(true);
  expect(lines.filter((line) => line.startsWith("host replication"))).toEqual([
    "host replication replicator 127.0.0.0/16 scram-sha-256",
  ]);
});

test("our file is included once, at the end", () => {
  const once = includeLeewardConf("port = 5432\n#include = 'leeward.conf'\n");
  expect(once.endsWith("\ninclude = 'leeward.conf'\n")).toBe(true);
  expect(includeLeewardConf(once)).toBe(once);
});

test("a colon and a backslash in a password are not separators", () => {
  expect(renderPassFile("a:b\\c")).toBe("*:*:*:replicator:a\\:b\\\\c\n");
});

test("names are quoted in the first SQL, and the maintenance database is not made twice", () => {
  const role = { name: 'o"x', login: true, superuser: false, replication: false, memberOf: [] };
  const statements = renderBootstrap([{ ...role, verifier: "v'" }], "my db", 'o"x');
  expect(statements[0]).toBe(`CREATE ROLE "o""x" LOGIN NOSUPERUSER NOREPLICATION PASSWORD 'v'''`);
  expect(statements.at(-1)).toBe(`CREATE DATABASE "my db" OWNER "o""x"`);
  expect(renderBootstrap([], "postgres", undefined)).toEqual(ownObjects);
});

test("a role becomes a member of what it is to be a member of, and of nothing else", () => {
  const role = { login: true, superuser: false, replication: true, verifier: undefined };
  const [some, none] = renderBootstrap(
    [
      { ...role, name: "carts", memberOf: ["pg_create_subscription", "pg_monitor"] },
      { ...role, name: "app", memberOf: [] },
    ],
    "carts",
    "carts",
  );
  expect(some).toMatch(/ REPLICATION IN ROLE "pg_create_subscription", "pg_monitor"$/);
  expect(none).not.toContain("IN ROLE");
});

test("text sorts the same in every Region from 17 on", () => {
  expect(localeArguments(18)).toContain("--locale-provider=builtin");
  expect(localeArguments(15)).toEqual(["--locale=C.UTF-8"]);
});

test("a start refuses clients' writes and waits for no standby, whatever the user's own parameters are", () => {
  const own = [
    { name: "default_transaction_read_only", value: "off" },
    { name: "synchronous_standby_names", value: "*" },
  ];
  const lines = renderLeewardConf({ ...settings, own }).split("\n");
  const last = (name: string): string | undefined =>
    lines.findLast((line) => line.startsWith(`${name} = `));
  expect(last("default_transaction_read_only")).toBe("default_transaction_read_only = on");
  expect(last("synchronous_standby_names")).toBe("synchronous_standby_names = ''");
});

test("a live setting changes its last line and nothing else, and is added where there is none", () => {
  const present = "# a comment\nx = 'user'\ny = 1\nx = 'ours'\n";
  expect(withLiveSettings(present, { x: "it's" })).toBe(
    "# a comment\nx = 'user'\ny = 1\nx = 'it''s'\n",
  );
  expect(withLiveSettings(present, { x: "ours" })).toBe(present);
  expect(withLiveSettings("y = 1\n", { x: false })).toBe("y = 1\nx = off\n");
});

test("standbys are named by application name, with any character in it", () => {
  expect(synchronousSettings([])).toEqual({ synchronous_standby_names: "" });
  expect(synchronousSettings(["orders/b/1", 'c"d'])).toEqual({
    synchronous_standby_names: 'ANY 1 ("orders/b/1","c""d")',
  });
});
