import { inspect } from "node:util";
import { expect, test } from "vitest";
import { Failure } from "../model/failure.ts";
import type { DatabaseId, RegionId } from "../model/region.ts";
import type { Config } from "./config.ts";
import { loadConfig } from "./load.ts";
import {
  agentToken,
  applicationSecret,
  completeSecrets,
  databasePasswords,
  formatSecrets,
  gatewayToken,
  parseSecrets,
  peerToken,
} from "./secrets.ts";

const config = (regions: string, roles: string): Config =>
  loadConfig(
    `name: shop\nregions: { ${regions} }\ndatabases: { orders: { primary: east, roles: { ${roles} } } }\n`,
    "leeward.yaml",
  ).config;

/** Counts, so that every secret differs and each run draws the same. */
function counting(): { hex(bytes: number): string } {
  let count = 0;
  return { hex: (bytes) => String((count += 1)).padStart(bytes * 2, "0") };
}

const small = config("east: {}", "app: {}");
const large = config("east: {}, west: {}, constructor: {}", "app: {}, report: {}");

test("every secret of a new world is another one", () => {
  const texts = JSON.stringify(
    JSON.parse(formatSecrets(completeSecrets(undefined, large, counting()))),
  ).match(/[0-9]{48,}/g);
  // API, network and the front door outside; three agents; each of them at two others; three gateways, front doors and
  // PgBouncers; superuser and replicator; two roles.
  expect(texts).toHaveLength(3 + 3 + 3 * 2 + 3 * 3 + 2 + 2);
  expect(new Set(texts).size).toBe(texts?.length);
});

test("what is there never changes, and what is missing is added", () => {
  const random = counting();
  const before = completeSecrets(undefined, small, random);
  const after = completeSecrets(before, large, random);
  expect(JSON.parse(formatSecrets(after))).toMatchObject(
    JSON.parse(formatSecrets(before)) as object,
  );
  expect(agentToken(after, "constructor" as RegionId).reveal()).toHaveLength(64);
  expect(databasePasswords(after, "orders" as DatabaseId).roles).toHaveProperty("report");
  expect(formatSecrets(completeSecrets(after, small, random))).toBe(formatSecrets(after));
});

test("a state directory from before agents spoke to each other gets their secrets and keeps its own", () => {
  const complete = completeSecrets(undefined, large, counting());
  const { peerTokens: _, ...old } = JSON.parse(formatSecrets(complete)) as Record<string, unknown>;
  const after = completeSecrets(parseSecrets(JSON.stringify(old), "world.json"), large, counting());
  expect(JSON.parse(formatSecrets(after))).toMatchObject(old);
  const [east, west] = ["east" as RegionId, "west" as RegionId];
  expect(peerToken(after, east, west).reveal()).toHaveLength(64);
  expect(peerToken(after, east, west).reveal()).not.toBe(peerToken(after, west, east).reveal());
});

test("a state directory from before there were gateways gets their secrets and keeps its own", () => {
  const complete = completeSecrets(undefined, large, counting());
  const { gatewayTokens: _, ...old } = JSON.parse(formatSecrets(complete)) as Record<
    string,
    unknown
  >;
  const after = completeSecrets(parseSecrets(JSON.stringify(old), "world.json"), large, counting());
  expect(JSON.parse(formatSecrets(after))).toMatchObject(old);
  expect(gatewayToken(after, "constructor" as RegionId).reveal()).toHaveLength(64);
});

const asking = (...names: readonly string[]): Config => {
  const values = names.map((name, index) => `V${index}: "a \${secret:${name}}"`).join(", ");
  const services = ["one", "two"].map(
    (service, index) =>
      `${service}: { command: [a], port: ${9000 + index}, environment: { ${values} } }`,
  );
  return loadConfig(
    `name: shop\nregions: { east: {} }\ndatabases: { orders: { primary: east } }\nservices: { ${services.join(", ")} }\n`,
    "leeward.yaml",
  ).config;
};

test("a secret of the application is drawn once for each name, however many services ask", () => {
  const random = counting();
  const before = completeSecrets(undefined, asking("session", "constructor"), random);
  expect(Object.keys(before.applicationSecrets)).toEqual(["session", "constructor"]);
  expect(applicationSecret(before, "session").reveal()).toMatch(/^[0-9a-f]{64}$/);
  const after = completeSecrets(before, asking("admin"), random);
  for (const name of ["session", "constructor"]) {
    expect(applicationSecret(after, name)).toBe(applicationSecret(before, name));
  }
  expect(applicationSecret(after, "admin").reveal()).toHaveLength(64);
});

test("a state directory from before applications had secrets gets them and keeps its own", () => {
  const complete = completeSecrets(undefined, small, counting());
  const { applicationSecrets: _, ...old } = JSON.parse(formatSecrets(complete)) as Record<
    string,
    unknown
  >;
  const read = parseSecrets(JSON.stringify(old), "world.json");
  expect(() => applicationSecret(read, "session")).toThrow(
    /holds no secret for \$\{secret:session\}/,
  );
  const after = completeSecrets(read, asking("session"), counting());
  expect(JSON.parse(formatSecrets(after))).toMatchObject(old);
  expect(applicationSecret(after, "session").reveal()).toHaveLength(64);
});

test("secrets survive being written and read", () => {
  const secrets = completeSecrets(undefined, large, counting());
  expect(formatSecrets(parseSecrets(formatSecrets(secrets), "world.json"))).toBe(
    formatSecrets(secrets),
  );
});

test("secrets are not printed by mistake", () => {
  const secrets = completeSecrets(undefined, small, counting());
  expect(inspect(secrets, { depth: 9 }) + JSON.stringify(secrets)).not.toMatch(/[0-9]{48}/);
});

test.for(["", "{", "hunter2", '{"version":1,"apiToken":"hunter2"}'])(
  "damaged secrets are reported without what they hold: %j",
  (text) => {
    const parse = (): unknown => parseSecrets(text, "world.json");
    expect(parse).toThrow(Failure);
    expect(parse).not.toThrow(/hunter2/);
  },
);
