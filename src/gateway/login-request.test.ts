import { expect, test } from "vitest";
import type { GatewayName } from "../model/gateway.ts";
import type { DatabaseId } from "../model/region.ts";
import type { GatewaySettings } from "../wire/program-settings.ts";
import { Secret } from "../std/secret.ts";
import { readIdentity, type IdentityReading } from "./login-request.ts";

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

test("a gateway that says it is one is known by its Region, up to three hops", () => {
  expect(read({ "leeward.peer": "us-west-2/3" })).toMatchObject({
    kind: "session",
    identity: { peer: { region: "us-west-2", hops: 3 } },
  });
  for (const peer of ["us-west-2/4", "us-west-2/x"]) {
    expect(read({ "leeward.peer": peer })).toMatchObject({
      kind: "refused",
      error: { code: "57P03" },
    });
  }
});

test("a token and a level that are none are refused by name", () => {
  expect(read({ "leeward.token": "leeward1:no" })).toMatchObject({ error: { code: "22023" } });
  expect(read({ "leeward.consistency": "strict" })).toMatchObject({ error: { code: "22023" } });
});
