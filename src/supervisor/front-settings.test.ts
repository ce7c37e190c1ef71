import { expect, test } from "vitest";
import { worldParts } from "../../test/world-parts.ts";
import type { RegionId } from "../model/region.ts";
import { decode, encode } from "../wire/codec.ts";
import { frontSettings } from "../wire/program-settings.ts";
import { agentsFront, settingsOfFront } from "./front-settings.ts";
import { settingsOfController, type WorldParts } from "./settings.ts";

const east = "us-east-1" as RegionId;
const west = "us-west-2" as RegionId;
const north = "eu-north-1" as RegionId;

const services = `services:
  web: { command: [node, web.mjs], port: 8443, replicas: { min: 1, max: 3 } }
  cart: { command: [node, cart.mjs], port: 8444, regions: [us-west-2] }
  queue: { kind: redis, port: 6379 }
`;

function parts(
  rest = `${services}traffic: { entry: { service: web }, distribution: { origin: us-east-1 } }`,
): WorldParts {
  return worldParts(
    `name: shop
regions: { us-east-1: {}, us-west-2: {}, eu-north-1: {} }
links:
  default: { rttMs: 60 }
  us-west-2/eu-north-1: { rttMs: 20 }
databases:
  orders: { primary: us-east-1, roles: { app: {} } }
  sessions: { kind: local, regions: { us-east-1: {} } }
${rest}`,
  );
}

test("a Region's front door reaches its own Region directly, and others at its end of the link", () => {
  const { regions } = settingsOfFront(parts(), west);
  expect(regions.map(({ edge }) => edge?.host)).toEqual([
    "127.0.2.101",
    "127.0.2.1",
    "127.0.2.103",
  ]);
  expect(regions.map(({ gateway }) => gateway.host)).toEqual([
    "127.0.2.101",
    "127.0.2.1",
    "127.0.2.103",
  ]);
});

test("the one outside reaches every Region directly", () => {
  const { regions } = settingsOfFront(parts(), undefined);
  const hosts = ["127.0.1.1", "127.0.2.1", "127.0.3.1"];
  expect(regions.map(({ edge }) => edge?.host)).toEqual(hosts);
  expect(regions.map(({ gateway }) => gateway.host)).toEqual(hosts);
});

test("each Region is nearest to itself, and then to those with the shortest round trip", () => {
  const { regions } = settingsOfFront(parts(), undefined);
  expect(regions.map(({ order }) => order)).toEqual([
    [east, west, north],
    [west, north, east],
    [north, west, east],
  ]);
});

test("a Region's front door stands in front of the services there, and of Redis only by name", () => {
  const listening = (region: RegionId | undefined): readonly string[] =>
    settingsOfFront(parts(), region).services.map(
      ({ service, listen, replicas }) => `${service} ${listen?.port ?? "-"} ${replicas.length}`,
    );
  expect(listening(east)).toEqual(["web 8443 3", "queue - 1"]);
  expect(listening(west)).toEqual(["web 8443 3", "cart 8444 1", "queue - 1"]);
  expect(listening(undefined)).toEqual([]);
});

test("the distribution is outside alone, and the entry everywhere", () => {
  const world = parts();
  expect(settingsOfFront(world, undefined)).toMatchObject({
    entry: { address: { host: "127.0.0.1", port: 8080 }, service: "web" },
    distribution: { address: { host: "127.0.0.1", port: 8081 } },
  });
  expect(settingsOfFront(world, west)).toMatchObject({
    entry: { address: { host: "127.0.2.1", port: 8080 } },
    distribution: undefined,
  });
});

test("where nobody declared an entry there are names, and none is served", () => {
  const settings = settingsOfFront(parts(services), east);
  expect(settings.entry).toBeUndefined();
  expect(settings.dns).toMatchObject({ host: "127.0.1.1" });
  expect(settings.regions.map(({ edge }) => edge)).toEqual([undefined, undefined, undefined]);
});

test("each front door has a token of its own, which its source accepts", () => {
  const world = parts();
  const tokens = [undefined, east, west, north].map((region) =>
    settingsOfFront(world, region).source.token.reveal(),
  );
  expect(new Set(tokens).size).toBe(4);
  expect(agentsFront(world, east)?.token.reveal()).toBe(tokens[1]);
  expect(settingsOfController(world).frontToken.reveal()).toBe(tokens[0]);
});

test("an agent starts its front door with the settings of its Region, and listens where that asks", () => {
  const world = parts();
  const started = agentsFront(world, west);
  expect(started?.command).toEqual(["node", "leeward.js", "internal", "front"]);
  expect(started?.settingsPath).toBe(world.layout.frontSecrets(west));
  expect(started?.listen).toEqual(settingsOfFront(world, west).source.address);
});

test("front doors are there where there is traffic to route, and nowhere else", () => {
  expect(agentsFront(parts("traffic: {}"), east)).toBeDefined();
  expect(agentsFront(parts(""), east)).toBeUndefined();
});

test("a front door reads what it is told, word for word", () => {
  for (const region of [undefined, east]) {
    const told = settingsOfFront(parts(), region);
    expect(decode(frontSettings, "settings", encode(frontSettings, told))).toEqual(told);
  }
});
