import { expect, test } from "vitest";
import { east, orders, panel, rule, webapp, west } from "../../test/routing-fixtures.ts";
import type { TrafficState } from "../model/traffic.ts";
import { viewPanel } from "../routing/panel-view.ts";
import type { TargetView } from "../scaling/scaler.ts";
import type { FrontFacts, RegionFacts, ReplicaFacts } from "../wire/traffic-protocol.ts";
import {
  distributionView,
  namesView,
  panelsView,
  servicesAreReady,
  servicesView,
  serviceStates,
  trafficView,
  type TrafficView,
} from "./traffic-views.ts";

const at = (last: number): { host: string; port: number } => ({ host: `127.0.0.${last}`, port: 1 });
const counts = { open: 1, served: 2, failed: 3 };

const settings: TrafficView["settings"] = {
  zone: "leeward.internal",
  entry: at(1),
  distributionAt: undefined,
  dns: at(2),
  regions: [
    { region: east, dial: 100, weight: 128, edge: at(3), dns: at(4) },
    { region: west, dial: 100, weight: 128, edge: undefined, dns: undefined },
  ],
  panels: [],
  distribution: undefined,
  services: [
    {
      service: webapp,
      regions: [east, west],
      scaling: {
        min: 1,
        max: 3,
        cpuPercent: undefined,
        cpuRequestMillis: 250,
        tolerance: 0.1,
        scaleDownStabilizationMs: 300_000,
      },
    },
  ],
};

const state: TrafficState = {
  revision: 9,
  names: [{ database: orders, version: 2, writer: west, readers: [west] }],
  regions: [
    { region: east, isOn: true, dial: 50, weight: 1 },
    { region: west, isOn: false, dial: 100, weight: 128 },
  ],
  services: [east, west].map((region) => {
    return { service: webapp, region, isHealthy: region === east, isOn: true };
  }),
  distribution: undefined,
};

const frontFacts: FrontFacts = {
  revision: 8,
  endpoints: [
    { region: east, isHealthy: true, because: "it answers", pinned: 4, rescued: 5, ...counts },
  ],
  services: [{ service: webapp, ready: 2, isHealthy: true, because: "ready", ...counts }],
  dns: { answered: 0, refused: 0, malformed: 0 },
};

const replica: ReplicaFacts = {
  service: webapp,
  number: 1,
  state: "ready",
  because: "",
  pid: 12,
  restarts: 0,
  ageMs: 10.6,
  cpuMillis: 20.4,
};

const facts: RegionFacts = {
  front: frontFacts,
  replicas: [replica],
  pooler: undefined,
  names: [{ database: orders, version: 1, isVerified: false, because: "it leads elsewhere" }],
  writes: [],
};

/** West is not heard. */
const factsOf: TrafficView["factsOf"] = (region) => (region === east ? facts : undefined);
const view: TrafficView = { settings, state, outside: frontFacts, factsOf };

const target = (region: typeof east, replicas: number): TargetView => {
  const service = webapp;
  return {
    service,
    region,
    replicas,
    by: "config",
    because: "",
    recommended: undefined,
    hold: undefined,
  };
};

test("each Region is shown as the state has it, and as each front door sees it", () => {
  const { regions, ...world } = trafficView(view);
  expect(world).toEqual({
    revision: 9,
    followed: 8,
    entry: { address: "127.0.0.1", port: 1 },
    distribution: null,
    dns: { address: "127.0.0.2", port: 1 },
  });
  expect(regions[east]).toEqual({
    isOn: true,
    dial: 50,
    weight: 1,
    entry: { address: "127.0.0.3", port: 1 },
    dns: { address: "127.0.0.4", port: 1 },
    endpoint: { isHealthy: true, because: "it answers", pinned: 4, rescued: 5, ...counts },
    revision: 8,
    services: {
      webapp: { isHealthy: true, isOn: true, seen: { ready: 2, because: "ready", ...counts } },
    },
  });
});

test("who is not heard is shown as not heard, and never as nothing at all", () => {
  const { followed, regions } = trafficView({ ...view, outside: undefined });
  expect(followed).toBeNull();
  expect(regions[east]?.endpoint).toBeNull();
  expect(regions[west]).toMatchObject({
    isOn: false,
    entry: null,
    revision: null,
    services: { webapp: { isHealthy: false, isOn: true, seen: null } },
  });
});

test("names are shown whole, with what each heard Region found, and where to ask", () => {
  expect(namesView(view)).toEqual({
    zone: "leeward.internal",
    views: [
      { region: null, dns: { address: "127.0.0.2", port: 1 } },
      { region: east, dns: { address: "127.0.0.4", port: 1 } },
    ],
    databases: {
      orders: {
        version: 2,
        writer: { name: "orders.writer.leeward.internal", region: west },
        reader: { name: "orders.reader.leeward.internal", regions: [west] },
        checks: { [east]: { isVerified: false, version: 1, because: "it leads elsewhere" } },
      },
    },
  });
});

test("a local database's writer name leads to no one Region", () => {
  const names = [{ database: orders, version: 1, writer: undefined, readers: [east, west] }];
  const shown = namesView({ ...view, state: { ...state, names } });
  expect(shown.databases["orders"]?.writer.region).toBeNull();
});

test("a distribution is shown where there is one", () => {
  expect(distributionView(view)).toBeUndefined();
  const distribution = { origin: east, tag: "first-us-east-1", invalidations: 0 };
  expect(distributionView({ settings, state: { ...state, distribution } })).toEqual({
    address: null,
    ...distribution,
  });
});

test("a panel shows its threshold only where it has one", () => {
  const { controls } = panel();
  const ids = controls.map(({ id }) => id);
  const all = rule("all", ids, { condition: { kind: "and" }, lagMsMax: 5_000, waitMs: 1_000 });
  const shown = panelsView([
    viewPanel(
      panel({ rules: [rule("one-on", ids), all] }),
      new Map(controls.map(({ id, region }) => [id, region === east])),
      new Map(ids.map((id) => [id, 400])),
      1_000,
    ),
  ]);
  expect(shown[0]?.controls.map(({ name, state: is }) => [name, is])).toEqual([
    [east, "On"],
    [west, "Off"],
  ]);
  expect(shown[0]?.rules).toMatchObject([
    { name: "one-on", type: "atleast", threshold: 1, isMet: true, waitLeftMs: 0, lagMsMax: null },
    { name: "all", type: "and", threshold: null, isMet: false, waitLeftMs: 400, lagMsMax: 5_000 },
  ]);
});

test("replicas are shown in whole numbers, and as null where their Region is not heard", () => {
  const hold = { replicas: 2, leftMs: 59_999.6 };
  const shown = servicesView(settings, [{ ...target(east, 2), hold }, target(west, 1)], factsOf);
  expect(shown.services["webapp"]?.regions).toMatchObject({
    [east]: {
      target: 2,
      hold: { replicas: 2, leftMs: 60_000 },
      replicas: [{ number: 1, ageMs: 11, cpuMillis: 20 }],
    },
    [west]: { target: 1, hold: null, recommended: null, replicas: null },
  });
});

test("a service is ready with one ready replica, and one that keeps ending is failing", () => {
  const stateOf = (wanted: number, replicas: readonly ReplicaFacts[]): unknown => {
    const told = (): RegionFacts => ({ ...facts, replicas: [...replicas] });
    return serviceStates(settings, [target(east, wanted)], [east], told)["webapp"]?.[east];
  };
  const waiting: ReplicaFacts = { ...replica, number: 2, state: "waiting", because: "it ended" };
  expect(stateOf(2, [replica, { ...waiting, restarts: 9 }])).toEqual({
    ready: 1,
    wanted: 2,
    isFailing: false,
    because: "it ended",
  });
  expect(stateOf(1, [{ ...waiting, restarts: 2 }])).toMatchObject({ isFailing: false });
  expect(stateOf(1, [{ ...waiting, restarts: 3 }])).toMatchObject({ ready: 0, isFailing: true });
  expect(stateOf(0, [{ ...waiting, restarts: 3 }])).toMatchObject({ isFailing: false });
});

test("Regions that do not run hold up nobody, and silent ones do", () => {
  const targets = [target(east, 1), target(west, 1)];
  const running = serviceStates(settings, targets, [east], factsOf);
  expect([Object.keys(running["webapp"] ?? {}), servicesAreReady(running)]).toEqual([[east], true]);
  const both = serviceStates(settings, targets, [east, west], factsOf);
  expect(both["webapp"]?.[west]?.because).toBe("its Region's agent is not heard");
  expect(servicesAreReady(both)).toBe(false);
  const none = serviceStates(settings, [target(east, 1), target(west, 0)], [east, west], factsOf);
  expect(servicesAreReady(none)).toBe(true);
});
