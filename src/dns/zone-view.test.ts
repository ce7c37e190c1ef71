import { expect, test } from "vitest";
import {
  east,
  notes,
  orders,
  shop,
  south,
  trafficState,
  west,
  zoneSettings,
} from "../../test/zone-example.ts";
import type { DatabaseId } from "../model/region.ts";
import type { FrontSettings } from "../wire/program-settings.ts";
import type { ZoneSettings } from "./dns.ts";
import { viewZone } from "./zone-view.ts";
import type { ZoneNode } from "./zone-record.ts";

const zone = "leeward.internal";

function nodeOf(name: string, ...args: Parameters<typeof viewZone>): ZoneNode | undefined {
  return viewZone(...args).nodes.get(`${name}.${zone}`);
}

const alias = (target: string): ZoneNode => ({
  kind: "records",
  records: [{ type: "CNAME", target: `${target}.${zone}` }],
});

const at = (host: string): ZoneNode => ({ kind: "records", records: [{ type: "A", host }] });
const nothing: ZoneNode = { kind: "records", records: [] };
const unknown: ZoneNode = { kind: "unknown" };

test("a writer's name leads to its gateway from every view, at the address that the view has for it", () => {
  for (const [view, host] of [
    [undefined, "127.7.1.1"],
    [east, "127.7.1.1"],
    [west, "127.7.2.101"],
    [south, "127.7.3.101"],
  ] as const) {
    const settings = zoneSettings(view);
    expect(nodeOf("orders.writer", settings, trafficState())).toEqual(alias(`gateway.${east}`));
    expect(nodeOf(`gateway.${east}`, settings, trafficState())).toEqual(at(host));
  }
});

test("both names of a database move in one revision", () => {
  const moved = trafficState({
    revision: 13,
    names: [{ database: orders, version: 2, writer: west, readers: [west] }],
  });
  const view = viewZone(zoneSettings(east), moved);
  expect(view.serial).toBe(13);
  for (const name of ["orders.writer", "orders.reader"]) {
    expect(view.nodes.get(`${name}.${zone}`)).toEqual(alias(`gateway.${west}`));
  }
});

test("a reader's name stays in the Region that has a copy, else goes to the nearest that has", () => {
  expect(nodeOf("orders.reader", zoneSettings(west), trafficState())).toEqual(
    alias(`gateway.${west}`),
  );
  expect(nodeOf("orders.reader", zoneSettings(south), trafficState())).toEqual(
    alias(`gateway.${west}`),
  );
  expect(nodeOf("orders.reader", zoneSettings(undefined), trafficState())).toEqual(
    alias(`gateway.${east}`),
  );
});

test("while no copy can be read from, the reader's name leads to the writer", () => {
  const names = [{ database: orders, version: 1, writer: west, readers: [] }];
  expect(nodeOf("orders.reader", zoneSettings(south), trafficState({ names }))).toEqual(
    alias(`gateway.${west}`),
  );
});

test("a local database has a writer in each Region that has it, also before anything is known", () => {
  for (const name of ["notes.writer", "notes.reader"]) {
    expect(nodeOf(name, zoneSettings(south), undefined)).toEqual(alias(`gateway.${south}`));
    expect(nodeOf(name, zoneSettings(west), trafficState())).toEqual(alias(`gateway.${south}`));
    expect(nodeOf(name, zoneSettings(undefined), trafficState())).toEqual(alias(`gateway.${east}`));
  }
});

test("SRV names the gateway with its port", () => {
  expect(nodeOf("_postgresql._tcp.orders.writer", zoneSettings(west), trafficState())).toEqual({
    kind: "records",
    records: [{ type: "SRV", port: 6432, target: `gateway.${east}.${zone}` }],
  });
});

test("before the state is known, names that depend on it are unknown, and the others are not", () => {
  const settings = zoneSettings(west);
  for (const name of ["orders.writer", "orders.reader", "_postgresql._tcp.orders.writer", "shop"]) {
    expect([name, nodeOf(name, settings, undefined)]).toEqual([name, unknown]);
  }
  expect(nodeOf(`gateway.${east}`, settings, undefined)).toEqual(at("127.7.2.101"));
  expect(nodeOf("cache", settings, undefined)).toEqual(at("127.7.2.1"));
});

test("a writer in a Region that this view has not heard of is unknown, and no bug", () => {
  const names = [{ database: orders, version: 2, writer: "moon-1" as typeof east, readers: [] }];
  expect(nodeOf("orders.writer", zoneSettings(west), trafficState({ names }))).toEqual(unknown);
});

test("a database that was added later has its names", () => {
  const added = "added" as DatabaseId;
  const names = [{ database: added, version: 1, writer: south, readers: [south] }];
  const state = trafficState({ names });
  expect(nodeOf("added.writer", zoneSettings(east), state)).toEqual(alias(`gateway.${south}`));
  // What is not told of any more leads nowhere, and is no name of nothing either.
  expect(nodeOf(`${orders}.writer`, zoneSettings(east), state)).toEqual(unknown);
  expect(nodeOf(`${notes}.writer`, zoneSettings(east), state)).toEqual(alias(`gateway.${east}`));
});

test("the entry's name follows nearness, health and controls; all Off leave no address", () => {
  const settings = zoneSettings(south);
  const state = (
    sick: readonly string[],
    off: readonly string[],
  ): ReturnType<typeof trafficState> =>
    trafficState({
      services: [east, west, south].map((region) => ({
        service: shop,
        region,
        isHealthy: !sick.includes(region),
        isOn: !off.includes(region),
      })),
    });
  expect(nodeOf("shop", settings, state([], []))).toEqual(alias(`edge.${south}`));
  expect(nodeOf("shop", settings, state([south], []))).toEqual(alias(`edge.${west}`));
  expect(nodeOf("shop", settings, state([south], [west]))).toEqual(alias(`edge.${east}`));
  expect(nodeOf("shop", settings, state([east, west, south], [south]))).toEqual(
    alias(`edge.${west}`),
  );
  expect(nodeOf("shop", settings, state([], [east, west, south]))).toEqual(nothing);
});

test("a Region's own control counts beside the service's, and the policy `failover` takes the config's order", () => {
  const regions = [east, west, south].map((region) => ({
    region,
    isOn: region !== east,
    dial: 100,
    weight: 128,
  }));
  const settings = zoneSettings(south, "failover");
  expect(nodeOf("shop", settings, trafficState())).toEqual(alias(`edge.${east}`));
  expect(nodeOf("shop", settings, trafficState({ regions }))).toEqual(alias(`edge.${west}`));
});

test("weights share a name", () => {
  const node = nodeOf("shop", zoneSettings(east, "weighted"), trafficState());
  expect(node?.kind === "shared" && node.shares.map(({ share }) => share)).toEqual([
    1 / 3,
    1 / 3,
    1 / 3,
  ]);
});

test("another service's name has the own Region's address, and none outside; one Region's is direct", () => {
  const own = zoneSettings(west);
  expect(nodeOf("cache", own, trafficState())).toEqual(at("127.7.2.1"));
  expect(nodeOf(`cache.${west}`, own, trafficState())).toEqual(at("127.7.2.1"));
  expect(nodeOf(`cache.${east}`, own, trafficState())).toBeUndefined();
  expect(nodeOf("cache", zoneSettings(undefined), trafficState())).toBeUndefined();
  expect(nodeOf(`shop.${west}`, own, trafficState())).toEqual(at("127.7.2.1"));
  expect(nodeOf(`shop.${east}`, own, trafficState())).toEqual(at("127.7.2.101"));
});

test("a name above others exists and has nothing", () => {
  for (const name of ["writer", west, "gateway", "_tcp.orders.writer"]) {
    const expected = name === "gateway" ? undefined : nothing;
    expect([name, nodeOf(name, zoneSettings(east), trafficState())]).toEqual([name, expected]);
  }
});

test("a zone as long as it may be loses the names that no packet has room for, and nothing else", () => {
  const long = `${`${"z".repeat(62)}.`.repeat(3)}${"z".repeat(11)}`;
  const settings = { ...zoneSettings(east), zone: long };
  const database = "d".repeat(31) as DatabaseId;
  const names = [{ database, version: 1, writer: east, readers: [] }];
  const { nodes } = viewZone(settings, trafficState({ names }));
  expect(long).toHaveLength(200);
  expect(nodes.has(`${database}.writer.${long}`)).toBe(true);
  expect(nodes.has(`_postgresql._tcp.${database}.writer.${long}`)).toBe(false);
  expect(nodes.has(`_postgresql._tcp.${orders}.writer.${long}`)).toBe(true);
});

test("what a front door is told is all that a zone needs", () => {
  const fits = (settings: FrontSettings): ZoneSettings => settings;
  expect(fits).toBeTypeOf("function");
});
