import fc from "fast-check";
import { expect, test } from "vitest";
import type { RegionId } from "./region.ts";
import {
  changeLink,
  linkDirections,
  linkKey,
  linkSettings,
  openTerms,
  termsFrom,
  type LinkChange,
  type LinkScope,
  type LinkSettings,
  type LinkTerms,
} from "./link-settings.ts";

const east = "us-east-1" as RegionId;
const west = "us-west-2" as RegionId;
const both: LinkScope = { kind: "both" };
const eastward: LinkScope = { kind: "one-way", from: west };

const field = {
  rttMs: fc.integer({ min: 0, max: 500 }),
  jitterMs: fc.integer({ min: 0, max: 50 }),
  bandwidth: fc.constantFrom("unlimited" as const, 10_000_000, 1_000_000_000),
  isUp: fc.boolean(),
};
const anyTerms: fc.Arbitrary<LinkTerms> = fc.record(field);
const anyChange: fc.Arbitrary<LinkChange> = fc.record(field, { requiredKeys: [] });
const anyScope: fc.Arbitrary<LinkScope> = fc.constantFrom(both, eastward, {
  kind: "one-way",
  from: east,
} as const);
const anySettings: fc.Arbitrary<LinkSettings> = fc
  .tuple(anyTerms, fc.array(fc.tuple(anyChange, anyScope), { maxLength: 4 }))
  .map(([terms, changes]) =>
    changes.reduce(
      (settings, [change, scope]) => changeLink(settings, change, scope),
      linkSettings([east, west], terms),
    ),
  );

test("a change of both directions makes them agree on what it names, and leaves the rest", () => {
  fc.assert(
    fc.property(anySettings, anyChange, (settings, change) => {
      const changed = changeLink(settings, change, both);
      for (const end of [east, west])
        expect(termsFrom(changed, end)).toEqual({ ...termsFrom(settings, end), ...change });
    }),
  );
});

test("a change of one direction leaves the other as it was", () => {
  fc.assert(
    fc.property(anySettings, anyChange, (settings, change) => {
      const changed = changeLink(settings, change, eastward);
      expect(termsFrom(changed, east)).toEqual(termsFrom(settings, east));
      expect(termsFrom(changed, west)).toEqual({ ...termsFrom(settings, west), ...change });
    }),
  );
});

test("changing twice in the same way is changing once", () => {
  fc.assert(
    fc.property(anySettings, anyChange, anyScope, (settings, change, scope) => {
      const once = changeLink(settings, change, scope);
      expect(changeLink(once, change, scope)).toEqual(once);
    }),
  );
});

test("a direction that agrees with the link has nothing of its own", () => {
  const cut = changeLink(linkSettings([east, west], openTerms), { isUp: false }, eastward);
  expect(cut.backward).toEqual({ isUp: false });
  expect(changeLink(cut, { isUp: true }, eastward).backward).toEqual({});
  expect(changeLink(cut, { isUp: false }, both).backward).toEqual({});
});

test("a name that is present with the value undefined changes nothing", () => {
  const settings = linkSettings([east, west], { ...openTerms, rttMs: 60 });
  const change = { rttMs: undefined } as unknown as LinkChange;
  expect(changeLink(settings, change, both)).toEqual(settings);
});

test("each direction adds half of the round trip", () => {
  const settings = linkSettings([east, west], {
    rttMs: 60,
    jitterMs: 10,
    bandwidth: 10_000_000,
    isUp: true,
  });
  const [there, back] = linkDirections(changeLink(settings, { rttMs: 120 }, eastward));
  expect(there).toEqual({
    from: east,
    to: west,
    conditions: { delayMs: 30, jitterMs: 5, bandwidthBitsPerSecond: 10_000_000, isUp: true },
  });
  expect(back).toMatchObject({ from: west, to: east, conditions: { delayMs: 60 } });
});

test("a link has one name, whichever end is named first", () => {
  expect(linkKey(west, east)).toBe(linkKey(east, west));
});
