import { expect, test } from "vitest";
import type { RegionId } from "../model/region.ts";
import type { TrafficState } from "../model/traffic.ts";
import { originOrder } from "./origin-order.ts";

const [a, b, c] = ["a", "b", "c"] as RegionId[] as [RegionId, RegionId, RegionId];
const places = [
  { region: a, order: [a, b, c] },
  { region: b, order: [b, c, a] },
  { region: c, order: [c, a, b] },
];

function state(origin: RegionId, off: readonly RegionId[] = []): TrafficState {
  return {
    revision: 1,
    names: [],
    regions: [a, b, c].map((region) => ({
      region,
      isOn: !off.includes(region),
      dial: 100,
      weight: 1,
    })),
    services: [],
    distribution: { origin, tag: "t", invalidations: 0 },
  };
}

test("the origin is first, then the Regions that are nearest to it and on", () => {
  expect(originOrder(places, state(b))).toEqual([b, c, a]);
  expect(originOrder(places, state(b, [c]))).toEqual([b, a]);
});

test("an origin that is off is still the origin; before anybody says one it is the first", () => {
  expect(originOrder(places, state(c, [c]))[0]).toBe(c);
  expect(originOrder(places, undefined)).toEqual([a, b, c]);
});
