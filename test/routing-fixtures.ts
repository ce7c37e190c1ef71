/** Panels, rules and facts for tests of routing: each helper makes a whole value, and a test names what it is about. */
import type { ControlConfig, PanelConfig, RuleConfig } from "../src/config/config.ts";
import type { DatabaseId, RegionId } from "../src/model/region.ts";
import type { ServiceId } from "../src/model/service.ts";
import type { ControlId, PanelId, RuleId } from "../src/model/traffic.ts";
import type { DataFacts } from "../src/routing/data-facts.ts";
import type { NamedDatabase } from "../src/routing/names.ts";
import type { TrafficSettings } from "../src/routing/settings.ts";

export const east = "us-east-1" as RegionId;
export const west = "us-west-2" as RegionId;
export const europe = "eu-central-1" as RegionId;
export const orders = "orders" as DatabaseId;
export const webapp = "webapp" as ServiceId;
export const product = "product" as ServiceId;

export const noFacts: DataFacts = { databases: [] };

export const controlId = (name: string): ControlId => name as ControlId;

export function control(region: RegionId, fields: Partial<ControlConfig> = {}): ControlConfig {
  return { id: controlId(region), region, service: undefined, isOn: true, ...fields };
}

/** At least one of the controls must be On. */
export function rule(
  name: string,
  controls: readonly ControlId[],
  fields: Partial<RuleConfig> = {},
): RuleConfig {
  return {
    id: name as RuleId,
    controls,
    condition: { kind: "atleast", threshold: 1 },
    isInverted: false,
    waitMs: 0,
    lagMsMax: undefined,
    fenceProved: false,
    ...fields,
  };
}

/** `us-east-1` and `us-west-2`, both On; at least one of them must be. */
export function panel(fields: Partial<PanelConfig> = {}): PanelConfig {
  const controls = [control(east), control(west)];
  const rules = [
    rule(
      "one-on",
      controls.map(({ id }) => id),
    ),
  ];
  return { id: "default" as PanelId, controls, rules, ...fields };
}

/** Two Regions with two services each, one panel, a distribution. */
export function trafficSettings(fields: Partial<TrafficSettings> = {}): TrafficSettings {
  return {
    regions: [east, west].map((region) => ({ region, dial: 100, weight: 128 })),
    panels: [panel()],
    distribution: { origin: east },
    services: [webapp, product].map((service) => ({ service, regions: [east, west] })),
    ...fields,
  };
}

/** `orders`, global, written in us-east-1, read in both Regions. */
export function namedOrders(fields: Partial<NamedDatabase> = {}): NamedDatabase {
  return {
    database: orders,
    kind: "global",
    primary: east,
    acceptsWrites: true,
    members: [
      { region: east, servesReads: true },
      { region: west, servesReads: true },
    ],
    ...fields,
  };
}
