/** A zone of three Regions as a test wants it: two databases, the service that people reach, and one beside it. */
import type { ZoneSettings } from "../src/dns/dns.ts";
import type { DatabaseId, RegionId } from "../src/model/region.ts";
import type { ServiceId } from "../src/model/service.ts";
import type { RoutingPolicy, TrafficState } from "../src/model/traffic.ts";

export const east = "us-east-1" as RegionId;
export const west = "us-west-2" as RegionId;
export const south = "eu-south-1" as RegionId;
export const orders = "orders" as DatabaseId;
export const notes = "notes" as DatabaseId;
export const shop = "shop" as ServiceId;
export const cache = "cache" as ServiceId;

const regions = [east, west, south];

/** From the third one, the second is nearer than the first. */
const orderFrom = new Map([
  [east, [east, west, south]],
  [west, [west, south, east]],
  [south, [south, west, east]],
]);

/** @param region the view's own; undefined: from outside */
export function zoneSettings(
  region: RegionId | undefined,
  policy: RoutingPolicy = "nearest",
): ZoneSettings {
  const own = region === undefined ? 0 : regions.indexOf(region) + 1;
  const place = (other: number): string =>
    own === 0 || own === other ? `127.7.${other}.1` : `127.7.${own}.${100 + other}`;
  return {
    zone: "leeward.internal",
    region,
    dns: { host: `127.7.${own}.1`, port: 5300 },
    entry: { service: shop, policy },
    regions: regions.map((one, index) => ({
      region: one,
      edge: { host: place(index + 1), port: 8080 },
      gateway: { host: place(index + 1), port: 6432 },
      order: orderFrom.get(one) ?? [],
    })),
    databases: [
      { database: orders, kind: "global", regions },
      { database: notes, kind: "local", regions: [east, south] },
    ],
    services: [
      { service: shop, listen: { host: place(own), port: 3000 } },
      { service: cache, listen: undefined },
    ],
  };
}

/** The first Region writes `orders`, all are healthy and On. */
export function trafficState(changes: Partial<TrafficState> = {}): TrafficState {
  return {
    revision: 12,
    names: [
      { database: orders, version: 1, writer: east, readers: [east, west] },
      { database: notes, version: 1, writer: undefined, readers: [east, south] },
    ],
    regions: regions.map((region) => ({ region, isOn: true, dial: 100, weight: 128 })),
    services: regions.map((region) => ({ service: shop, region, isHealthy: true, isOn: true })),
    distribution: undefined,
    ...changes,
  };
}
