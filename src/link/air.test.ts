import fc from "fast-check";
import { expect, test } from "vitest";
import { Air } from "./air.ts";

const fin = { kind: "fin" } as const;

function land(air: Air<number>, nowMs: number): number[] {
  const landed: number[] = [];
  for (let flight = air.take(nowMs); flight; flight = air.take(nowMs)) landed.push(flight.owner);
  return landed;
}

const anyTimes = fc.array(fc.integer({ min: 0, max: 20 }), { maxLength: 100 });
/** The places of `times`, earliest first; those of one time in the order in which they left. */
const inOrder = (times: readonly number[]): number[] =>
  times.map((_, at) => at).toSorted((a, b) => (times[a] as number) - (times[b] as number) || a - b);

test("parcels arrive in the order of their times, and those of one time in the order they left", () => {
  fc.assert(
    fc.property(anyTimes, (times) => {
      const air = new Air<number>();
      times.forEach((atMs, owner) => air.push(owner, fin, atMs));
      expect(land(air, 20)).toEqual(inOrder(times));
      expect(air.nextAtMs).toBeUndefined();
    }),
  );
});

test("nothing arrives before its time", () => {
  const air = new Air<number>();
  air.push(1, fin, 10);
  expect(land(air, 9.99)).toEqual([]);
  expect(air.nextAtMs).toBe(10);
  expect(land(air, 10)).toEqual([1]);
});

test("what is postponed arrives later in the same order", () => {
  fc.assert(
    fc.property(anyTimes, fc.integer({ min: 0, max: 25 }), (times, untilMs) => {
      const air = new Air<number>();
      times.forEach((atMs, owner) => air.push(owner, fin, atMs));
      air.postpone(untilMs);
      expect(land(air, untilMs - 1)).toEqual([]);
      const postponed = times.map((atMs) => Math.max(atMs, untilMs));
      expect(land(air, 25)).toEqual(inOrder(postponed));
    }),
  );
});

test("what is dropped never arrives, and the rest does", () => {
  fc.assert(
    fc.property(anyTimes, fc.nat(100), (times, gone) => {
      const air = new Air<number>();
      times.forEach((atMs, owner) => air.push(owner, fin, atMs));
      air.drop(gone);
      expect(land(air, 20)).toEqual(inOrder(times).filter((owner) => owner !== gone));
    }),
  );
});
