import { expect, test } from "vitest";
import { worldParts } from "../../test/world-parts.ts";
import type { RegionId } from "../model/region.ts";
import { decode, encode } from "../wire/codec.ts";
import { agentSettings, controllerSettings, networkSettings } from "../wire/program-settings.ts";
import {
  settingsOfAgent,
  settingsOfController,
  settingsOfNetwork,
  type WorldParts,
} from "./settings.ts";

const east = "us-east-1" as RegionId;
const west = "us-west-2" as RegionId;

function parts(): WorldParts {
  return worldParts(
    `name: shop
regions: { us-east-1: {}, us-west-2: {} }
databases:
  orders: { primary: us-east-1, roles: { app: {} } }
  sessions: { kind: local }`,
  );
}

test("a global database is one system, a local one a system of its own in each Region", () => {
  const systems = settingsOfController(parts()).systems.map(
    ({ database, kind, firstPrimary, regions }) =>
      `${database} ${kind} ${firstPrimary} ${regions.map(({ region }) => region).join()}`,
  );
  expect(systems).toEqual([
    "orders global us-east-1 us-east-1,us-west-2",
    "sessions local us-east-1 us-east-1",
    "sessions local us-west-2 us-west-2",
  ]);
});

test("an agent is told its own instances, in its own directory, and no other Region's credential", () => {
  const all = parts();
  const settings = settingsOfAgent(all, west);
  expect(settings.instances.map(({ directory }) => directory)).toEqual([
    "/world/regions/us-west-2/orders-1",
    "/world/regions/us-west-2/sessions-1",
  ]);
  const text = JSON.stringify(encode(agentSettings, settings));
  const { agentTokens, gatewayTokens, apiToken, networkToken } = all.secrets;
  expect(text).toContain(agentTokens[west]?.reveal());
  expect(text).toContain(gatewayTokens[west]?.reveal());
  for (const other of [agentTokens[east], gatewayTokens[east], apiToken, networkToken]) {
    expect(text).not.toContain(other?.reveal());
  }
});

test("what an agent presents to another one, that one accepts from it and from nobody else", () => {
  const all = parts();
  const ofEast = settingsOfAgent(all, east).peers.find(({ region }) => region === west);
  const ofWest = settingsOfAgent(all, west).peers.find(({ region }) => region === east);
  expect(ofEast?.token.reveal()).toBe(ofWest?.accepts.reveal());
  expect(ofWest?.token.reveal()).toBe(ofEast?.accepts.reveal());
  expect(ofEast?.token.reveal()).not.toBe(ofEast?.accepts.reveal());
  expect(ofEast?.address).toEqual({ host: "127.0.1.102", port: 7402 });
  const controller = JSON.stringify(encode(controllerSettings, settingsOfController(all)));
  expect(controller).not.toContain(ofEast?.token.reveal());
});

test("the network program is told no password and no Region's credential", () => {
  const all = parts();
  const text = JSON.stringify(encode(networkSettings, settingsOfNetwork(all)));
  expect(text).toContain(all.secrets.networkToken.reveal());
  expect(text).not.toContain(all.secrets.apiToken.reveal());
  expect(text).not.toContain(all.secrets.agentTokens[east]?.reveal());
  expect(text).not.toContain(all.secrets.databases["orders"]?.superuser.reveal());
});

test("what the supervisor writes, each program reads back unchanged", () => {
  const all = parts();
  const controller = settingsOfController(all);
  expect(decode(controllerSettings, "it", encode(controllerSettings, controller))).toEqual(
    controller,
  );
  const agent = settingsOfAgent(all, east);
  expect(decode(agentSettings, "it", encode(agentSettings, agent))).toEqual(agent);
  const network = settingsOfNetwork(all);
  expect(decode(networkSettings, "it", encode(networkSettings, network))).toEqual(network);
});

test("LEEWARD_PG_BIN goes before the config", () => {
  expect(settingsOfAgent({ ...parts(), pgBin: "/opt/pg/bin" }, east).postgres.bin).toBe(
    "/opt/pg/bin",
  );
});
