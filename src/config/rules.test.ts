import { expect, test } from "vitest";
import { parse } from "yaml";
import { checkRules } from "./rules.ts";
import { configShape } from "./schema.ts";

/** The rules that a world breaks, as `path: message`. The shape must be right. */
function breaches(yaml: string): readonly string[] {
  const base = {
    name: "shop",
    regions: { east: {}, west: {} },
    databases: { orders: { primary: "east" } },
  };
  const document = configShape.parse({ ...base, ...(parse(yaml) as object) });
  return checkRules(document).map(({ path, message }) => `${path.join(".")}: ${message}`);
}

const orders = (fields: string): string => `databases: { orders: { ${fields} } }`;

test("a world in order breaks no rule", () => {
  expect(breaches("")).toEqual([]);
  expect(breaches("databases: { orders: { primary: west }, notes: { kind: local } }")).toEqual([]);
});

test.for([
  [
    "a world has a Region",
    "regions: {}\ndatabases: { notes: { kind: local } }",
    /^regions: is empty/,
  ],
  ["a world has a database", "databases: {}", /^databases: is empty/],
  [
    "no Region is called controller",
    "regions: { east: {}, controller: {} }",
    /^regions\.controller: /,
  ],
  [
    "a global database has a primary",
    orders("kind: global"),
    /^databases\.orders\.primary: is missing/,
  ],
  ["a primary is a Region of the world", orders("primary: north"), /primary: is "north"/],
  [
    "a primary is a Region of its database",
    orders("primary: east, regions: { west: {} }"),
    /primary: is "east"/,
  ],
  [
    "a member is a Region of the world",
    orders("primary: east, regions: { east: {}, north: {} }"),
    /regions\.north: /,
  ],
  [
    "a database has a Region",
    orders("kind: local, regions: {}"),
    /^databases\.orders\.regions: is empty/,
  ],
  [
    "a local database has no primary",
    orders("kind: local, primary: east"),
    /primary: has no place/,
  ],
  [
    "a local database has no failover",
    orders("kind: local, failover: automatic"),
    /failover: has no place/,
  ],
  ["a local database has no rejoin", orders("kind: local, rejoin: manual"), /rejoin: has no place/],
  [
    "a local database has no RPO guard",
    orders("kind: local, rpoGuardMs: 1"),
    /rpoGuardMs: has no place/,
  ],
  [
    "a local database has no pause after a failover",
    orders("kind: local, failoverPauseMs: 1000"),
    /failoverPauseMs: has no place/,
  ],
  [
    "PostgreSQL's own databases are taken",
    "databases: { postgres: { kind: local } }",
    /^databases\.postgres: /,
  ],
  [
    "names of readers are taken",
    "databases: { orders-ro: { kind: local } }",
    /^databases\.orders-ro: /,
  ],
  [
    "names of detached Regions are taken",
    "databases: { orders: { primary: east }, orders-west: { kind: local } }",
    /^databases\.orders-west: .*`orders`.*west/,
  ],
  [
    "Leeward's roles are taken",
    orders("primary: east, roles: { replicator: {} }"),
    /roles\.replicator: /,
  ],
  [
    "PostgreSQL's roles are taken",
    orders("primary: east, roles: { pg_monitor: {} }"),
    /roles\.pg_monitor: /,
  ],
  ["an owner is a role", orders("primary: east, roles: { app: {} }, owner: ap"), /owner: is "ap"/],
  ["a link has two ends", "links: { east: {} }", /^links\.east: names no link/],
  [
    "a link has two different ends",
    "links: { east/east: {} }",
    /^links\.east\/east: has the same end/,
  ],
  ["a link ends in Regions", "links: { east/north: {} }", /^links\.east\/north: .*"north"/],
  [
    "a link is set once",
    "links: { east/west: {}, west/east: {} }",
    /^links\.west\/east: .*`east\/west`/,
  ],
  [
    "a link can carry something",
    "links: { default: { bandwidth: 1kbit } }",
    /^links\.default\.bandwidth: .*8kbit/,
  ],
  ["fixed ports are not chosen", "addresses: loopback-block\nports: 9000", /^ports: /],
] as const)("%s", ([, yaml, expected]) => {
  expect(breaches(yaml)).toEqual([expect.stringMatching(expected)]);
});

test("a name that only looks like that of a detached Region is free", () => {
  expect(
    breaches(
      "databases: { notes: { kind: local }, notes-west: { kind: local }, notes-north: { kind: local } }",
    ),
  ).toEqual([]);
});

test.for([
  "fsync: off",
  "full_page_writes: off",
  "synchronous_commit: off",
  "synchronous_commit: 0",
])("%s is refused because it loses data", (setting) => {
  expect(breaches(orders(`primary: east, settings: { ${setting} }`))).toEqual([
    expect.stringContaining("acknowledged could be lost"),
  ]);
});

test.for(["wal_level: minimal", "listen_addresses: '*'", "port: 1", "recovery_target_time: now"])(
  "%s is refused because Leeward owns it",
  (setting) => {
    expect(breaches(orders(`primary: east, settings: { ${setting} }`))).toHaveLength(1);
  },
);

test.for([
  "synchronous_commit: remote_apply",
  "synchronous_commit: on",
  "work_mem: 8MB",
  "pg_stat_statements.max: 9",
])("%s is allowed", (setting) => {
  expect(breaches(orders(`primary: east, settings: { ${setting} }`))).toEqual([]);
});

test("more Regions or instances than the address plan has room for are refused", () => {
  const names = Array.from({ length: 21 }, (_, index) => `r${index}: {}`).join(", ");
  expect(breaches(`regions: { ${names} }\n${orders("primary: r0")}`)).toEqual([
    expect.stringContaining("21 Regions; the address plan has room for 20"),
  ]);
  const two = "a: { primary: east, regions: { east: { instances: 80 } } }, b: { primary: west }";
  expect(breaches(`databases: { ${two} }`)).toEqual([
    "regions.east: has 81 instances of all databases together; the address plan has room for 80",
  ]);
});
