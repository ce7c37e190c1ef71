import { expect, test } from "vitest";
import type { GatewayName } from "../model/gateway.ts";
import type { DatabaseId } from "../model/region.ts";
import type { GatewaySettings } from "../wire/program-settings.ts";
import { Secret } from "../std/secret.ts";
import { readIdentity, whyTurnedAway, type IdentityReading } from "./login-request.ts";

const orders = "orders" as DatabaseId;
const name: GatewayName = { name: "orders", database: orders, mode: "forward" };
const settings: Pick<GatewaySettings, "databases"> = {
  databases: [
    {
      database: orders,
      kind: "global",
      consistency: "global",
      superuserPassword: new Secret("unused"),
      roles: [{ name: "report", consistency: "eventual" }],
    },
  ],
};
const session = {
  remote: "127.0.0.1:1",
  key: { processId: 1, secret: Buffer.alloc(4) },
};

function read(parameters: Readonly<Record<string, string>>, user = "app"): IdentityReading {
  const login = {
    user,
    database: "orders",
    protocol: 3.0,
    parameters: new Map(Object.entries(parameters)),
  };
  return readIdentity(login, name, settings, session);
}

function level(parameters: Readonly<Record<string, string>>, user?: string): string | undefined {
  const reading = read(parameters, user);
  return reading.kind === "session" ? reading.identity.level : undefined;
}

test("the level is the connection's, else the role's, else the database's", () => {
  expect(level({})).toBe("global");
  expect(level({}, "report")).toBe("eventual");
  expect(level({ options: "-c leeward.consistency=session" }, "report")).toBe("session");
});

test("a gateway that says it is one is known by its Region", () => {
  expect(read({ "leeward.peer": "us-west-2/3" })).toMatchObject({
    kind: "session",
    identity: { peer: { region: "us-west-2", hops: 3 } },
  });
});

test("what came over more than three gateways is taken by the writer's own alone", () => {
  const turnedAway = (peer: string, isWriterHere: boolean): string | undefined => {
    const reading = read({ "leeward.peer": peer });
    if (reading.kind === "refused") throw new Error("it was not read");
    return whyTurnedAway(reading.identity, isWriterHere)?.code;
  };
  expect(turnedAway("us-west-2/3", false)).toBeUndefined();
  for (const peer of ["us-west-2/4", "us-west-2/x"]) {
    expect(turnedAway(peer, false)).toBe("57P03");
    expect(turnedAway(peer, true)).toBeUndefined();
  }
});

test("a token and a level that are none are refused by name", () => {
  expect(read({ "leeward.token": "leeward1:no" })).toMatchObject({ error: { code: "22023" } });
  expect(read({ "leeward.consistency": "strict" })).toMatchObject({ error: { code: "22023" } });
});
