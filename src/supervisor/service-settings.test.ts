import { expect, test } from "vitest";
import { worldParts } from "../../test/world-parts.ts";
import { databasePasswords } from "../config/secrets.ts";
import type { DatabaseId, RegionId } from "../model/region.ts";
import { assert } from "../std/assert.ts";
import { decode, encode } from "../wire/codec.ts";
import { agentSettings, type ServiceSettings } from "../wire/program-settings.ts";
import { settingsOfServices } from "./service-settings.ts";
import { settingsOfAgent, type WorldParts } from "./settings.ts";

const east = "us-east-1" as RegionId;
const west = "us-west-2" as RegionId;
const orders = "orders" as DatabaseId;

function parts(): WorldParts {
  return worldParts(`name: shop
regions: { us-east-1: {}, us-west-2: {} }
databases:
  orders:
    primary: us-east-1
    owner: app
    roles: { report: { login: true }, app: { login: true } }
  sessions: { kind: local, regions: { us-east-1: {} } }
  carts: { kind: local, roles: { carts: {} } }
pgbouncer:
  names: { gdbdemo: { database: orders, mode: writer } }
services:
  web:
    command: [node, web.mjs]
    port: 8443
    needs: [orders, sessions, carts, cart-api, queue]
    environment:
      GREETING: "\${region} \${replica} \${host}:\${port}"
      DSN: "postgres://app:\${password:orders/app}@db/orders"
      ORDERS_URL: mine
      SESSION_KEY: "\${secret:session}"
  cart-api: { command: [node, cart.mjs], port: 8444, regions: [us-west-2] }
  queue: { kind: redis, port: 6379 }
  audit: { command: [node, audit.mjs], port: 8445, uses: [web, orders] }
traffic: { entry: { service: web } }`);
}

function serviceOf(world: WorldParts, region: RegionId, name: string): ServiceSettings {
  const found = settingsOfServices(world, region).find(({ service }) => service === name);
  assert(found !== undefined, `${name} runs in ${region}`);
  return found;
}

/** As it is told: secrets in clear. */
function environmentOf({ environment }: ServiceSettings): Readonly<Record<string, string>> {
  return Object.fromEntries(environment.map(({ name, value }) => [name, value.reveal()]));
}

test("a Region is told of its own services alone, in the order of the config", () => {
  const names = (region: RegionId): readonly string[] =>
    settingsOfServices(parts(), region).map(({ service }) => service);
  expect(names(east)).toEqual(["web", "queue", "audit"]);
  expect(names(west)).toEqual(["web", "cart-api", "queue", "audit"]);
});

test("a service runs where leeward.yaml lies, and has a directory of its own in its Region", () => {
  const [here, there] = [east, west].map((region) => serviceOf(parts(), region, "web"));
  expect(here).toMatchObject({ workingDirectory: "/shop", command: ["node", "web.mjs"] });
  expect(here?.directory).toMatch(/us-east-1.*\/web$/);
  expect(here?.directory).not.toBe(there?.directory);
});

test("a service waits only for what there is in its own Region", () => {
  expect(serviceOf(parts(), east, "web")).toMatchObject({
    needs: ["queue"],
    needsDatabases: ["orders", "sessions", "carts"],
  });
  expect(serviceOf(parts(), west, "web")).toMatchObject({
    needs: ["cart-api", "queue"],
    needsDatabases: ["orders", "carts"],
  });
});

test("a service is told of what it uses, and does not wait for it", () => {
  const audit = serviceOf(parts(), west, "audit");
  expect(audit).toMatchObject({ needs: [], needsDatabases: [] });
  expect(environmentOf(audit)).toMatchObject({
    WEB_URL: "http://127.0.2.1:8443",
    ORDERS_URL: "postgres://app@127.0.2.1:6432/orders",
  });
  expect(audit.pgpass.length).toBeGreaterThan(0);
});

test("its environment names its Region's gateway, its PgBouncer, its neighbours and the other Regions", () => {
  const environment = environmentOf(serviceOf(parts(), west, "web"));
  expect(environment).toMatchObject({
    LEEWARD_WORLD: "shop",
    LEEWARD_REGION: "us-west-2",
    LEEWARD_GATEWAY: "127.0.2.1:6432",
    LEEWARD_PEERS: "us-east-1=127.0.2.101:8080",
    CART_API_URL: "http://127.0.2.1:8444",
    SESSIONS_URL: "postgres://127.0.2.1:6432/sessions",
  });
  expect(environment["LEEWARD_PGBOUNCER"]).toMatch(/^127\.0\.2\.\d+:\d+$/);
  expect(environment["QUEUE_URL"]).toMatch(/^redis:\/\/127\.0\.2\.\d+:6379$/);
});

test("a local database is named in every other Region that has it, as it is reached from here", () => {
  const [here, there] = [east, west].map((region) =>
    environmentOf(serviceOf(parts(), region, "web")),
  );
  expect(here?.["CARTS_PEERS"]).toBe("us-west-2=postgres://carts@127.0.1.102:5433/carts");
  expect(there?.["CARTS_PEERS"]).toBe("us-east-1=postgres://carts@127.0.2.101:5434/carts");
  expect(here?.["SESSIONS_PEERS"]).toBe("");
  expect(there?.["SESSIONS_PEERS"]).toBe("us-east-1=postgres://127.0.2.101:5433/sessions");
  expect(here).not.toHaveProperty("ORDERS_PEERS");
});

test("a neighbour that does not run in a Region has no address there", () => {
  expect(environmentOf(serviceOf(parts(), east, "web"))).not.toHaveProperty("CART_API_URL");
});

test("what the user says goes before what Leeward would, and each name is there once", () => {
  const { environment } = serviceOf(parts(), east, "web");
  expect(environmentOf(serviceOf(parts(), east, "web"))["ORDERS_URL"]).toBe("mine");
  const names = environment.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
});

test("the Region and passwords are filled in, and what differs between replicas is left", () => {
  const world = parts();
  const environment = environmentOf(serviceOf(world, east, "web"));
  expect(environment["GREETING"]).toBe("us-east-1 ${replica} ${host}:${port}");
  const password = databasePasswords(world.secrets, orders).roles["app"]?.reveal();
  expect(password).toMatch(/\w{8,}/);
  expect(environment["DSN"]).toBe(`postgres://app:${password}@db/orders`);
});

test("a secret of the application has the same value in every Region", () => {
  const world = parts();
  const [here, there] = [east, west].map(
    (region) => environmentOf(serviceOf(world, region, "web"))["SESSION_KEY"],
  );
  expect(here).toMatch(/^[0-9a-f]{64}$/);
  expect(here).toBe(there);
  expect(JSON.stringify(settingsOfServices(world, east))).not.toContain(here);
});

test("the password file fits every name of a needed database and each role, and no other database", () => {
  const world = parts();
  const lines = serviceOf(world, east, "web").pgpass.map((line) => line.reveal());
  const roles = databasePasswords(world.secrets, orders).roles;
  for (const name of ["orders", "orders-rw", "orders-ro", "gdbdemo"]) {
    for (const role of ["app", "report"]) {
      expect(lines).toContain(`*:*:${name}:${role}:${roles[role]?.reveal()}`);
    }
  }
  const carts = databasePasswords(world.secrets, "carts" as DatabaseId).roles["carts"];
  expect(lines).toContain(`*:*:carts:carts:${carts?.reveal()}`);
  expect(serviceOf(world, east, "queue").pgpass).toEqual([]);
});

test("nothing that may be printed holds a password", () => {
  const world = parts();
  const settings = settingsOfServices(world, east);
  const password = databasePasswords(world.secrets, orders).roles["app"]?.reveal() ?? "";
  expect(JSON.stringify(settings)).not.toContain(password);
  expect(JSON.stringify(settings.map(({ command }) => command))).not.toContain(password);
});

test("the owner is who a service is to a database, and not the first role", () => {
  const world = parts();
  const { config } = world;
  const services = config.services.map((service) => ({ ...service, environment: [] }));
  const plain = { ...world, config: { ...config, services } };
  const environment = environmentOf(serviceOf(plain, east, "web"));
  expect(environment["ORDERS_URL"]).toBe("postgres://app@127.0.1.1:6432/orders");
});

test("an agent reads what it is told, word for word", () => {
  const told = settingsOfAgent(parts(), west);
  expect(decode(agentSettings, "settings", encode(agentSettings, told))).toEqual(told);
});
