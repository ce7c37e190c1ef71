import { expect, test } from "vitest";
import { worldParts } from "../../test/world-parts.ts";
import type { RegionId } from "../model/region.ts";
import { Secret } from "../std/secret.ts";
import { decode, encode } from "../wire/codec.ts";
import {
  controllerSettings,
  gatewaySettings,
  type GatewaySettings,
} from "../wire/program-settings.ts";
import { settingsOfGateway } from "./gateway-settings.ts";
import { settingsOfAgent, settingsOfController, type WorldParts } from "./settings.ts";

const east = "us-east-1" as RegionId;
const west = "us-west-2" as RegionId;
const identity = { certificate: "CERTIFICATE", privateKey: new Secret("KEY") };

function parts(gateway = "{}"): WorldParts {
  return worldParts(
    `name: shop
regions: { us-east-1: {}, us-west-2: {} }
databases:
  orders:
    primary: us-east-1
    consistency: global
    roles: { app: {}, report: { consistency: eventual } }
  sessions: { kind: local, regions: { us-east-1: {} } }
gateway: ${gateway}`,
  );
}

const namesOf = ({ names }: GatewaySettings): readonly string[] =>
  names.map(({ name, database, mode }) => `${name} ${database} ${mode}`);

test("a gateway knows the databases of its Region alone, and their names", () => {
  const there = settingsOfGateway(parts(), west, identity);
  expect(there.databases.map(({ database }) => database)).toEqual(["orders"]);
  expect(namesOf(there)).toEqual([
    "orders orders forward",
    "orders-ro orders local",
    "orders-rw orders writer",
  ]);
  const here = settingsOfGateway(parts(), east, identity);
  expect(here.databases.map(({ database, kind }) => `${database} ${kind}`)).toEqual([
    "orders global",
    "sessions local",
  ]);
});

test("it reaches the others through its own end of the links", () => {
  const { listen, peers } = settingsOfGateway(parts(), west, identity);
  expect(listen).toEqual({ host: "127.0.2.1", port: 6432 });
  expect(peers).toEqual([{ region: east, address: { host: "127.0.2.101", port: 6432 } }]);
});

test("consistency is the nearest that is said: the role's, the database's, the gateway's", () => {
  const here = settingsOfGateway(parts("{ consistency: eventual }"), east, identity);
  expect(here.databases.map(({ consistency, roles }) => [consistency, roles])).toEqual([
    ["global", [{ name: "report", consistency: "eventual" }]],
    ["eventual", []],
  ]);
});

test("a gateway and its agent agree on where they meet and on the token; the other Region has another", () => {
  const all = parts();
  const gateway = settingsOfGateway(all, east, identity);
  const agent = settingsOfAgent(all, east);
  expect(agent.gateway.listen).toEqual({ host: "127.0.1.2", port: 7403 });
  expect(gateway.agent.address).toEqual(agent.gateway.listen);
  expect(gateway.agent.token.reveal()).toBe(agent.gateway.token.reveal());
  expect(gateway.agent.token.reveal()).not.toBe(
    settingsOfGateway(all, west, identity).agent.token.reveal(),
  );
  expect(agent.gateway).toMatchObject({
    command: ["node", "leeward.js", "internal", "gateway"],
    settingsPath: "/world/secrets/gateway-us-east-1.json",
  });
  const controller = JSON.stringify(encode(controllerSettings, settingsOfController(all)));
  expect(controller).not.toContain(agent.gateway.token.reveal());
});

test("a gateway is told no role's password: what a client proves is all that it needs", () => {
  const all = parts();
  const text = JSON.stringify(encode(gatewaySettings, settingsOfGateway(all, east, identity)));
  const { superuser, replicator, roles } = all.secrets.databases["orders"] ?? { roles: {} };
  expect(text).toContain(superuser?.reveal());
  for (const secret of [replicator, ...Object.values(roles)]) {
    expect(text).not.toContain(secret?.reveal());
  }
});

test("TLS is offered, required, or not there", () => {
  expect(settingsOfGateway(parts(), east, identity).tls?.isRequired).toBe(false);
  const required = settingsOfGateway(parts("{ tls: required }"), east, identity);
  expect(required.tls).toMatchObject({ isRequired: true, certificate: "CERTIFICATE" });
  expect(settingsOfGateway(parts("{ tls: false }"), east, undefined).tls).toBeUndefined();
});

test("what the supervisor writes, the gateway reads back unchanged", () => {
  for (const settings of [
    settingsOfGateway(parts(), east, identity),
    settingsOfGateway(parts("{ tls: false }"), west, undefined),
  ]) {
    const written = JSON.parse(JSON.stringify(encode(gatewaySettings, settings)));
    expect(decode(gatewaySettings, "it", written)).toEqual(settings);
  }
});
