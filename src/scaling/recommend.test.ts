import fc from "fast-check";
import { expect, test } from "vitest";
import type { Scaling } from "../model/service.ts";
import { recommend } from "./recommend.ts";
import type { ReplicaUsage } from "./usage.ts";

const scaling: Scaling & { readonly cpuPercent: number } = {
  min: 2,
  max: 20,
  cpuPercent: 50,
  cpuRequestMillis: 250,
  tolerance: 0.1,
  scaleDownStabilizationMs: 300_000,
};

/** Of 250 thousandths of a core. */
const at = (...percents: readonly number[]): readonly ReplicaUsage[] =>
  percents.map((percent) => ({ kind: "measured", cpuMillis: percent * 2.5 }));
const missing = (replicas: number): readonly ReplicaUsage[] =>
  Array.from({ length: replicas }, () => ({ kind: "missing" }));
const unready = (replicas: number): readonly ReplicaUsage[] =>
  Array.from({ length: replicas }, () => ({ kind: "unready" }));
const asked = (current: number, usage: readonly ReplicaUsage[]): number | undefined =>
  recommend(current, usage, scaling)?.replicas;

test.for([
  { current: 2, percents: [63, 63], replicas: 3 },
  { current: 2, percents: [305, 305], replicas: 13 },
  { current: 4, percents: [100, 100, 100, 100], replicas: 8 },
  { current: 4, percents: [25, 25, 25, 25], replicas: 2 },
  { current: 4, percents: [200, 0, 0, 0], replicas: 4 },
  { current: 3, percents: [0, 0, 0], replicas: 0 },
])("S1: $current replicas at $percents % of 50 % wanted make $replicas", (row) => {
  expect(asked(row.current, at(...row.percents))).toBe(row.replicas);
});

test.for([
  [55, 10],
  [45, 10],
  [56, 12],
  [44, 9],
] as const)(
  "S2: 10 replicas at %i %% are %i: nothing changes within the tolerance",
  ([percent, replicas]) => {
    expect(asked(10, at(...Array.from({ length: 10 }, () => percent)))).toBe(replicas);
  },
);

test("S3: where fewer would do, a replica that nobody measured counts as using what is wanted", () => {
  expect(asked(4, at(10, 10, 10))).toBe(1);
  // (30 + 50) / 50 = 1.6
  expect(asked(4, [...at(10, 10, 10), ...missing(1)])).toBe(2);
  // (10 + 3 × 50) / (4 × 50) = 0.8
  expect(asked(4, [...at(10), ...missing(3)])).toBe(4);
});

test("S3: where more are needed, a replica that nobody measured counts as using nothing", () => {
  expect(asked(2, at(200, 200))).toBe(8);
  // 400 / 50 over 6 replicas
  expect(asked(6, [...at(200, 200), ...missing(4)])).toBe(8);
});

test("S3: when that turns the answer round, the number stays", () => {
  // Alone 1.2 of what is wanted; with one more that uses nothing 0.6.
  expect(asked(2, [...at(60), ...missing(1)])).toBe(2);
  // Measured 300 %, four to come: 300 / 50 = 6 replicas, and there are to be 8.
  expect(asked(8, [...at(300), ...missing(7)])).toBe(8);
  // Only two of eight are there, and they need a third: no reason to end five.
  expect(asked(8, at(60, 60))).toBe(8);
});

test("S4: replicas that are not ready are set aside, and count as using nothing where more are needed", () => {
  expect(asked(4, [...at(20, 20), ...unready(2)])).toBe(1);
  // (150 + 150) / 50 = 6 of 4
  expect(asked(4, [...at(150, 150), ...unready(2)])).toBe(6);
  // 160 % of 2 are 80 % of 4: more than wanted, and still more are needed
  expect(asked(4, [...at(160, 160), ...unready(2)])).toBe(7);
  // 80 % of 2 are 40 % of 4
  expect(asked(4, [...at(80, 80), ...unready(2)])).toBe(4);
});

test("S5: where nothing was measured, nothing is recommended", () => {
  expect(recommend(3, [...missing(2), ...unready(1)], scaling)).toBeUndefined();
  expect(recommend(3, [], scaling)).toBeUndefined();
});

test("S1: what is recommended would bring the replicas to what is wanted, and not one more", () => {
  const millis = fc.integer({ min: 1, max: 4_000 });
  fc.assert(
    fc.property(fc.array(millis, { minLength: 1, maxLength: 50 }), (cpuMillis) => {
      const usage = cpuMillis.map((one): ReplicaUsage => ({ kind: "measured", cpuMillis: one }));
      const replicas = asked(cpuMillis.length, usage) ?? Number.NaN;
      const total = cpuMillis.reduce((sum, one) => sum + one, 0);
      if (replicas === cpuMillis.length) return;
      expect(total / replicas).toBeLessThanOrEqual(125);
      expect(total / (replicas - 1)).toBeGreaterThan(125);
    }),
  );
});

test("S1: the reason names what was measured and what is wanted", () => {
  const said = recommend(4, [...at(150, 151), ...unready(2)], scaling)?.because;
  expect(said).toBe(
    "2 replicas use 151 % of 250 thousandths of a core (2 more count with care), 50 % is wanted",
  );
  expect(recommend(1, at(52), scaling)?.because).toContain(
    "1 replica uses 52 % of 250 thousandths of a core, 50 % is wanted; that is near enough",
  );
});
