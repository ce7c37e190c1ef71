import { expect, test } from "vitest";
import type { DatabaseId, RegionId } from "../model/region.ts";
import type { ControllerSettings } from "../wire/program-settings.ts";
import { gatewayView } from "./gateway-view.ts";

const east = "us-east-1" as RegionId;
const west = "us-west-2" as RegionId;

type System = ControllerSettings["systems"][number];

const system = (name: string, changes: Partial<System> = {}): System => ({
  database: name as DatabaseId,
  kind: "global",
  firstPrimary: east,
  regions: [{ region: east, instances: 1 }],
  owner: "app",
  failover: "manual",
  rejoin: "automatic",
  rpoGuardMs: 0,
  failoverPauseMs: 0,
  roles: [{ name: "app", login: true, superuser: false, replication: false, memberOf: [] }],
  ...changes,
});

function settings(systems: System[]): Pick<ControllerSettings, "regions" | "systems" | "gateways"> {
  const region = (name: RegionId, index: number): ControllerSettings["regions"][number] => ({
    region: name,
    network: `127.0.${index}.0/24`,
    agent: { host: `127.0.${index}.2`, port: 7402 },
    gateway: { host: `127.0.${index}.1`, port: 6432 },
    instances: [],
    seen: [],
    token: undefined as never,
  });
  return {
    regions: [region(east, 1), region(west, 2)],
    systems,
    gateways: {
      tls: "offered",
      names: [...new Set(systems.map(({ database }) => database))].map((database) => ({
        name: database,
        database,
        mode: "forward",
      })),
    },
  };
}

test("a Region's gateway has the names of the databases that are there", () => {
  const everywhere = [east, west].map((region) => ({ region, instances: 1 }));
  const world = settings([system("orders", { regions: everywhere }), system("catalog")]);
  expect(Object.keys(gatewayView(world, east, "serving").names)).toEqual(["orders", "catalog"]);
  expect(gatewayView(world, west, "starting")).toEqual({
    address: "127.0.2.1",
    port: 6432,
    state: "starting",
    tls: "offered",
    names: { orders: { database: "orders", mode: "forward", user: "app" } },
  });
});

test("a local database is a system in each Region, and one name in each", () => {
  const local = (region: RegionId): System =>
    system("sessions", { kind: "local", regions: [{ region, instances: 1 }] });
  const world = settings([local(east), local(west)]);
  expect(Object.keys(gatewayView(world, west, "serving").names)).toEqual(["sessions"]);
});

test("without an owner that may log in it is the superuser", () => {
  const roles = [{ name: "app", login: false, superuser: false, replication: false, memberOf: [] }];
  const userIn = (changes: Partial<System>): string | undefined =>
    gatewayView(settings([system("orders", changes)]), east, "serving").names["orders"]?.user;
  expect(userIn({})).toBe("app");
  expect(userIn({ roles })).toBe("leeward");
  expect(userIn({ owner: undefined, roles: [] })).toBe("leeward");
});
