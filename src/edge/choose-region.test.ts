import fc from "fast-check";
import { expect, test } from "vitest";
import type { RegionId } from "../model/region.ts";
import { routingPolicies } from "../model/traffic.ts";
import { pickRegion, planRegions, type Plan, type RegionView } from "./choose-region.ts";

const [a, b, c] = ["a", "b", "c"] as RegionId[] as [RegionId, RegionId, RegionId];
const order = [a, b, c];

const view = (region: RegionId, change: Partial<RegionView> = {}): RegionView => ({
  region,
  isOn: true,
  isHealthy: true,
  dial: 100,
  weight: 128,
  ...change,
});

/** How many of 1,000 even draws each Region gets. */
function sharesOf(plan: Plan, avoid?: RegionId): Record<string, number> {
  const counts: Record<string, number> = {};
  for (let n = 0; n < 1_000; n += 1) {
    const region = pickRegion(plan, () => (n + 0.5) / 1_000, avoid) ?? "nobody";
    counts[region] = (counts[region] ?? 0) + 1;
  }
  return counts;
}

test("the first in the order that is on and healthy takes everything", () => {
  expect(
    sharesOf(
      planRegions(
        order.map((one) => view(one)),
        "nearest",
        order,
      ),
    ),
  ).toEqual({ a: 1_000 });
  const sick = [view(a, { isHealthy: false }), view(b, { isOn: false }), view(c)];
  expect(sharesOf(planRegions(sick, "failover", order))).toEqual({ c: 1_000 });
  expect(sharesOf(planRegions([view(a), view(b)], "nearest", [b, a]))).toEqual({ b: 1_000 });
});

test("a dial lets its percent in, and the next Region gets the rest", () => {
  const views = [view(a, { dial: 30 }), view(b), view(c)];
  expect(sharesOf(planRegions(views, "nearest", order))).toEqual({ a: 300, b: 700 });
  expect(sharesOf(planRegions([view(a, { dial: 0 }), view(b)], "nearest", order))).toEqual({
    b: 1_000,
  });
});

test("a dial is ignored when nobody else can take what it turns away", () => {
  const views = [view(a, { dial: 10 }), view(b, { isHealthy: false })];
  expect(sharesOf(planRegions(views, "nearest", order))).toEqual({ a: 1_000 });
  const closed = [view(a, { dial: 0 }), view(b, { dial: 0 })];
  expect(sharesOf(planRegions(closed, "nearest", order))).toEqual({ a: 1_000 });
});

test("weights share out, and a weight of 0 waits until nobody else is healthy", () => {
  const views = [view(a, { weight: 30 }), view(b, { weight: 10 }), view(c, { weight: 0 })];
  expect(sharesOf(planRegions(views, "weighted", order))).toEqual({ a: 750, b: 250 });
  const alone = views.map((one) => ({ ...one, isHealthy: one.region === c }));
  expect(sharesOf(planRegions(alone, "weighted", order))).toEqual({ c: 1_000 });
  const half = [view(a, { dial: 50 }), view(b)];
  expect(sharesOf(planRegions(half, "weighted", order))["a"]).toBeCloseTo(333, -1);
});

test("when nobody is healthy those that are on are asked; when nobody is on, nobody is", () => {
  const sick = order.map((one) => view(one, { isHealthy: false, isOn: one !== a }));
  const plan = planRegions(sick, "nearest", order);
  expect(plan).toMatchObject({ isFailOpen: true });
  expect(sharesOf(plan)).toEqual({ b: 1_000 });
  const off = order.map((one) => view(one, { isOn: false }));
  expect(sharesOf(planRegions(off, "weighted", order))).toEqual({ nobody: 1_000 });
});

const anyView = (region: RegionId): fc.Arbitrary<RegionView> =>
  fc.record({
    region: fc.constant(region),
    isOn: fc.boolean(),
    isHealthy: fc.boolean(),
    dial: fc.integer({ min: 0, max: 100 }),
    weight: fc.integer({ min: 0, max: 255 }),
  });

test("never a Region that is off or was tried, never a sick one beside a healthy one, and never nobody beside somebody", () => {
  fc.assert(
    fc.property(
      fc.tuple(anyView(a), anyView(b), anyView(c)),
      fc.constantFrom(...routingPolicies),
      fc.double({ min: 0, max: 0.999999, noNaN: true }),
      fc.option(fc.constantFrom(...order), { nil: undefined }),
      (views, policy, draw, avoid) => {
        const plan = planRegions(views, policy, order);
        const picked = views.find(({ region }) => region === pickRegion(plan, () => draw, avoid));
        const on = views.filter(({ isOn }) => isOn);
        const healthy = on.filter(({ isHealthy }) => isHealthy);
        const left = (healthy.length > 0 ? healthy : on).filter(({ region }) => region !== avoid);
        expect(left.length === 0 ? [undefined] : left).toContain(picked);
      },
    ),
  );
});
