import { expect, test } from "vitest";
import { Failure } from "../model/failure.ts";
import type { GatewayConfig } from "./config.ts";
import { loadConfig } from "./load.ts";

const world = (gateway: string, settings = "{}"): string => `name: shop
regions: { us-east-1: {}, us-west-2: {} }
databases:
  orders: { primary: us-east-1, settings: ${settings} }
  catalog: { primary: us-east-1 }
gateway: ${gateway}
`;

const load = (gateway: string, settings?: string): GatewayConfig =>
  loadConfig(world(gateway, settings), "leeward.yaml").config.gateway;

/** What is wrong, without where it stands. */
function problemsIn(text: string): readonly string[] {
  try {
    loadConfig(text, "leeward.yaml");
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return error.message.split("\n").map((line) => line.replace(/^\S+ +/, ""));
  }
  return [];
}

const namesOf = ({ names }: GatewayConfig): readonly string[] =>
  names.map(({ name, database, mode }) => `${name}: ${database} ${mode}`);

test("each database has three names by itself", () => {
  expect(namesOf(load("{}"))).toEqual([
    "orders: orders forward",
    "orders-ro: orders local",
    "orders-rw: orders writer",
    "catalog: catalog forward",
    "catalog-ro: catalog local",
    "catalog-rw: catalog writer",
  ]);
});

test("the file adds names, and changes what one of the database's own does", () => {
  const names =
    "{ names: { gdbdemo: { database: orders }, gdbdemo-ro: { database: orders, mode: local }, orders: { database: orders, mode: writer } } }";
  const config = load(names);
  expect(namesOf(config)).toContain("gdbdemo: orders forward");
  expect(namesOf(config)).toContain("gdbdemo-ro: orders local");
  expect(namesOf(config)).toContain("orders: orders writer");
  expect(config.names.filter(({ name }) => name === "orders")).toHaveLength(1);
});

test("a name of an unknown database is refused with the nearest one", () => {
  expect(problemsIn(world("{ names: { shop: { database: order } } }"))).toEqual([
    'gateway.names.shop.database: is "order", which is no database of this world; allowed: orders, catalog; did you mean "orders"?',
  ]);
});

test("a name that another database has by itself is refused", () => {
  expect(problemsIn(world("{ names: { catalog-ro: { database: orders } } }"))).toEqual([
    "gateway.names.catalog-ro: is a name that the database `catalog` has already",
  ]);
});

test("the console's name is nobody else's", () => {
  const console = "is the name of the gateways' own console";
  expect(problemsIn(world("{ names: { leeward: { database: orders } } }"))).toEqual([
    `gateway.names.leeward: ${console}`,
  ]);
  expect(problemsIn(world("{}").replaceAll("catalog", "leeward"))).toEqual([
    `databases.leeward: ${console}`,
  ]);
});

test.for([
  ["a".repeat(63), true],
  ["a".repeat(64), false],
  ["_Orders.v2-ro", true],
  ["1st", false],
  ["straße", false],
] as const)("PostgreSQL can be told the name %s: %s", ([name, isPossible]) => {
  const problems = problemsIn(world(`{ names: { "${name}": { database: orders } } }`));
  expect(problems.length === 0).toBe(isPossible);
});

test("what is left out takes its default", () => {
  const { tls, limits } = load("{}");
  expect(tls).toBe("offered");
  expect(limits).toEqual({
    clientsMax: 10_000,
    poolSize: 20,
    serverConnectionsMax: 80,
    heldUnitsMax: 10_000,
    heldBytesMax: 64 * 1024 ** 2,
    holdMs: 15_000,
    drainMs: 2_000,
    consistencyTimeoutMs: 500,
    idleInTransactionMs: 60_000,
    slowClientMs: 5_000,
    cancelMs: 10_000,
    loginMs: 10_000,
    preparedStatementsMax: 5_000,
    preparedPerServerMax: 200,
    preparedPerClientMax: 1_000,
    unitBytesMax: 1024 ** 2,
    frameBytesMax: 256 * 1024 ** 2,
    requestBytesMax: 512 * 1024 ** 2,
  });
});

test.for([
  ["true", "offered"],
  ["false", "off"],
  ["required", "required"],
] as const)("tls: %s means %s", ([said, meant]) => {
  expect(load(`{ tls: ${said} }`).tls).toBe(meant);
});

test("a server of few connections is not filled by its gateway", () => {
  expect(load("{}", "{ max_connections: 40 }").limits.serverConnectionsMax).toBe(32);
  expect(load("{}", "{ max_connections: 1000 }").limits.serverConnectionsMax).toBe(80);
  expect(
    problemsIn(world("{ limits: { serverConnectionsMax: 35 } }", "{ max_connections: 40 }")),
  ).toEqual([
    "gateway.limits.serverConnectionsMax: is 35, and `orders` has room for 30: its `max_connections` less 10 for PostgreSQL, Leeward and people",
  ]);
  expect(problemsIn(world("{ limits: { serverConnectionsMax: 90 } }"))).toEqual([]);
});

test("a hold that drains to its end is refused", () => {
  expect(problemsIn(world("{ limits: { drainMs: 15000 } }"))).toEqual([
    "gateway.limits.drainMs: is 15000, and the whole hold has 15000 (`holdMs`): nothing would be left for the writer to move",
  ]);
});

test("consistency is the gateway's where a database says nothing", () => {
  const text = world("{ consistency: global }").replace(
    "catalog: { primary: us-east-1",
    "catalog: { consistency: off, roles: { app: { consistency: eventual } }, primary: us-east-1",
  );
  const { databases } = loadConfig(text, "leeward.yaml").config;
  expect(databases.map(({ consistency }) => consistency)).toEqual(["global", "off"]);
  expect(databases[1]?.roles[0]?.consistency).toBe("eventual");
});
