import { expect, test } from "vitest";
import type { RegionId } from "../model/region.ts";
import type { ServiceId } from "../model/service.ts";
import type { TrafficState } from "../model/traffic.ts";
import { viewRegions } from "./region-views.ts";

const [a, b] = ["a", "b"] as RegionId[] as [RegionId, RegionId];
const web = "web" as ServiceId;

test("before anybody has said anything, all are on with full dials", () => {
  const views = viewRegions([a, b], undefined, web, (region) => region === a);
  expect(views.map(({ isOn, dial }) => [isOn, dial])).toEqual([
    [true, 100],
    [true, 100],
  ]);
  expect(views.map(({ isHealthy }) => isHealthy)).toEqual([true, false]);
});

test("a Region is on only when its own control and the service's are", () => {
  const service = (region: RegionId, isOn: boolean): TrafficState["services"][number] => ({
    service: web,
    region,
    isOn,
    isHealthy: true,
  });
  const state: TrafficState = {
    revision: 1,
    names: [],
    regions: [
      { region: a, isOn: true, dial: 10, weight: 1 },
      { region: b, isOn: false, dial: 20, weight: 2 },
    ],
    services: [service(a, false), service(b, true)],
    distribution: undefined,
  };
  const views = viewRegions([a, b], state, web, () => true);
  expect(views.map(({ isOn, dial, weight }) => [isOn, dial, weight])).toEqual([
    [false, 10, 1],
    [false, 20, 2],
  ]);
});
