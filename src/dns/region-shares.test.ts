import fc from "fast-check";
import { expect, test } from "vitest";
import type { RegionId } from "../model/region.ts";
import { routingPolicies } from "../model/traffic.ts";
import { regionShares, type Candidate } from "./region-shares.ts";

const candidate = (name: string, changes: Partial<Candidate> = {}): Candidate => ({
  region: name as RegionId,
  isHealthy: true,
  isOn: true,
  dial: 100,
  weight: 128,
  ...changes,
});

const shares = (...args: Parameters<typeof regionShares>): Record<string, number> =>
  Object.fromEntries(regionShares(...args).map(({ region, share }) => [region, share]));

test("the first healthy one that is On takes it all", () => {
  expect(shares("nearest", [candidate("a"), candidate("b")])).toEqual({ a: 1 });
  expect(shares("failover", [candidate("a", { isHealthy: false }), candidate("b")])).toEqual({
    b: 1,
  });
  expect(shares("nearest", [candidate("a", { isOn: false }), candidate("b")])).toEqual({ b: 1 });
});

test("when nobody is healthy everybody is who is On, and who is Off stays Off", () => {
  const sick = { isHealthy: false };
  expect(
    shares("failover", [candidate("a", { ...sick, isOn: false }), candidate("b", sick)]),
  ).toEqual({ b: 1 });
  const off = candidate("a", { isOn: false });
  for (const policy of routingPolicies) expect(regionShares(policy, [off])).toEqual([]);
});

test("what a dial turns away goes to the next, and what all turn away to the first that lets in anything", () => {
  expect(shares("nearest", [candidate("a", { dial: 30 }), candidate("b")])).toEqual({
    a: 0.3,
    b: 0.7,
  });
  expect(shares("nearest", [candidate("a", { dial: 50 }), candidate("b", { dial: 50 })])).toEqual({
    a: 0.75,
    b: 0.25,
  });
  const closed = { dial: 0 };
  expect(shares("nearest", [candidate("a", closed), candidate("b", { dial: 20 })])).toEqual({
    b: 1,
  });
  expect(shares("nearest", [candidate("a", closed), candidate("b", closed)])).toEqual({ a: 1 });
});

test("weights are shares, dialled down; a weight of 0 counts only when nobody else is healthy", () => {
  const three = [candidate("a", { weight: 100 }), candidate("b", { weight: 100, dial: 50 })];
  expect(shares("weighted", three)).toEqual({ a: 2 / 3, b: 1 / 3 });
  const none = candidate("c", { weight: 0 });
  expect(shares("weighted", [...three, none])).not.toHaveProperty("c");
  expect(shares("weighted", [candidate("a", { isHealthy: false }), none])).toEqual({ c: 1 });
  const closed = [candidate("a", { dial: 0, weight: 1 }), candidate("b", { dial: 0, weight: 3 })];
  expect(shares("weighted", closed)).toEqual({ a: 0.25, b: 0.75 });
  expect(shares("weighted", [candidate("a", { dial: 0, weight: 0 })])).toEqual({ a: 1 });
});

test("shares are above 0, add up to 1, and never go to one that is Off, nor to a sick one beside a healthy one", () => {
  const some = fc.record({
    isHealthy: fc.boolean(),
    isOn: fc.boolean(),
    dial: fc.integer({ min: 0, max: 100 }),
    weight: fc.integer({ min: 0, max: 255 }),
  });
  fc.assert(
    fc.property(
      fc.array(some, { maxLength: 6 }),
      fc.constantFrom(...routingPolicies),
      (all, policy) => {
        const candidates = all.map((one, index) => candidate(`r${index}`, one));
        const given = regionShares(policy, candidates);
        const on = candidates.filter(({ isOn }) => isOn);
        const healthy = on.filter(({ isHealthy }) => isHealthy);
        const allowed = new Set((healthy.length > 0 ? healthy : on).map(({ region }) => region));
        const sum = given.reduce((total, { share }) => total + share, 0);
        expect(sum).toBeCloseTo(on.length === 0 ? 0 : 1, 9);
        expect(given.filter(({ share }) => share <= 0)).toEqual([]);
        expect(given.filter(({ region }) => !allowed.has(region))).toEqual([]);
      },
    ),
  );
});
