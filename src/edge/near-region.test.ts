import { expect, test } from "vitest";
import type { RegionId } from "../model/region.ts";
import { nearMap, nearRegion } from "./near-region.ts";

const [east, west] = ["east", "west"] as RegionId[] as [RegionId, RegionId];
const places = [
  { region: east, network: "127.0.1.0/24" },
  { region: west, network: "127.0.2.0/24" },
];
const all = new Set([east, west]);

test.for([
  ["127.0.2.7", [], west],
  ["::ffff:127.0.2.7", [], west],
  ["127.0.0.1", [], east],
  ["::1", [], east],
  ["127.0.1.7", ["X-Near", "west"], west],
  ["127.0.2.7", ["x-near", "nowhere"], west],
] as const)("%s with %o is near to %s", ([address, headers, region]) => {
  expect(nearRegion(nearMap(places, "x-near", east), address, headers, all)).toBe(region);
});

test("without a configured header nobody is asked for one, and a network of all says nothing", () => {
  expect(nearRegion(nearMap(places, undefined, east), "127.0.1.1", ["x-near", "west"], all)).toBe(
    east,
  );
  const shared = places.map(({ region }) => ({ region, network: "127.0.0.1/32" }));
  expect(nearRegion(nearMap(shared, undefined, west), "127.0.0.1", [], all)).toBe(west);
});
