/** Zones of any size, as the front door of the first Region sees them. */
import type { ZoneSettings } from "../src/dns/dns.ts";
import type { DatabaseId, RegionId } from "../src/model/region.ts";
import type { ServiceId } from "../src/model/service.ts";
import type { RoutingPolicy, TrafficState } from "../src/model/traffic.ts";

export type DnsWorld = {
  readonly regions: number;
  readonly databases: number;
  readonly policy: RoutingPolicy;
};

const regionAt = (index: number): RegionId => `region-${index + 1}` as RegionId;
const databaseAt = (index: number): DatabaseId => `database-${index + 1}` as DatabaseId;
const service = "shop" as ServiceId;

const upTo = <T>(count: number, make: (index: number) => T): readonly T[] =>
  Array.from({ length: count }, (_, index) => make(index));

/** How this view reaches the gateway of the Region at `index`. */
export const gatewayHost = (index: number): string => `127.9.1.${index === 0 ? 1 : 101 + index}`;

export function settingsOf({ regions, databases, policy }: DnsWorld): ZoneSettings {
  const order = upTo(regions, regionAt);
  return {
    zone: "leeward.internal",
    region: regionAt(0),
    dns: { host: "127.9.1.1", port: 5300 },
    entry: { service, policy },
    regions: order.map((region, index) => ({
      region,
      edge: { host: gatewayHost(index), port: 8080 },
      gateway: { host: gatewayHost(index), port: 6432 },
      order,
    })),
    databases: upTo(databases, (index) => ({
      database: databaseAt(index),
      kind: "global",
      regions: order,
    })),
    services: [{ service, listen: { host: "127.9.1.1", port: 3000 } }],
  };
}

/** All writers are in the Region at `writer`. */
export function stateOf(world: DnsWorld, revision: number, writer: number): TrafficState {
  const regions = upTo(world.regions, regionAt);
  return {
    revision,
    names: upTo(world.databases, (index) => ({
      database: databaseAt(index),
      version: revision,
      writer: regionAt(writer),
      readers: regions,
    })),
    regions: regions.map((region) => ({ region, isOn: true, dial: 100, weight: 128 })),
    services: regions.map((region) => ({ service, region, isHealthy: true, isOn: true })),
    distribution: undefined,
  };
}
