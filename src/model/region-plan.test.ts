import fc from "fast-check";
import { expect, test } from "vitest";
import type { RegionId } from "./region.ts";
import { planRegions, sharesOf, type RegionStanding } from "./region-plan.ts";
import { routingPolicies } from "./traffic.ts";

const standing = (name: string, changes: Partial<RegionStanding> = {}): RegionStanding => ({
  region: name as RegionId,
  isOn: true,
  isHealthy: true,
  dial: 100,
  weight: 128,
  ...changes,
});

const any = (name: string): fc.Arbitrary<RegionStanding> =>
  fc.record({
    region: fc.constant(name as RegionId),
    isOn: fc.boolean(),
    isHealthy: fc.boolean(),
    dial: fc.integer({ min: 0, max: 100 }),
    weight: fc.integer({ min: 0, max: 255 }),
  });

test("shares add up to 1 wherever anybody is On, whatever the dials and weights", () => {
  fc.assert(
    fc.property(
      fc.tuple(any("a"), any("b"), any("c")),
      fc.constantFrom(...routingPolicies),
      (all, policy) => {
        const shares = sharesOf(planRegions(policy, all));
        const sum = shares.reduce((total, { share }) => total + share, 0);
        expect(sum).toBeCloseTo(all.some(({ isOn }) => isOn) ? 1 : 0);
      },
    ),
  );
});

test("a ladder is climbed in the order that is given, and who is sick is not on it beside somebody who is well", () => {
  const plan = planRegions("nearest", [standing("a", { isHealthy: false }), standing("b")]);
  expect(plan).toEqual({ kind: "ladder", isFailOpen: false, steps: [{ region: "b", share: 1 }] });
});

test("when nobody is well the checks are not believed, and who is Off stays Off", () => {
  const sick = [
    standing("a", { isHealthy: false, isOn: false }),
    standing("b", { isHealthy: false }),
  ];
  expect(planRegions("weighted", sick)).toMatchObject({
    isFailOpen: true,
    parts: [{ region: "b" }],
  });
  expect(planRegions("weighted", [standing("a", { isOn: false })])).toEqual({ kind: "nobody" });
});
