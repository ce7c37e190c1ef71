import { expect, test } from "vitest";
import type { Scaling } from "../model/service.ts";
import { warm } from "./warming.ts";

const scaling: Scaling = {
  min: 2,
  max: 20,
  cpuPercent: 50,
  cpuRequestMillis: 250,
  tolerance: 0.1,
  scaleDownStabilizationMs: 300_000,
};

test.for([
  { current: 2, everywhere: [6, 2], percent: 200, replicas: 12, of: 6 },
  { current: 2, everywhere: [5, 2], percent: 150, replicas: 8, of: 5 },
  { current: 9, everywhere: [2, 9], percent: 100, replicas: 9, of: 9 },
  { current: 9, everywhere: [4, 9], percent: 50, replicas: 9, of: 9 },
  { current: 2, everywhere: [16, 2], percent: 200, replicas: 20, of: 16 },
  { current: 2, everywhere: [60, 2], percent: 100, replicas: 20, of: 20 },
  { current: 0, everywhere: [8, 0], percent: 200, replicas: 0, of: 8 },
])("S11: $percent % of $everywhere with $current here are $replicas", (row) => {
  const { replicas, of, ...view } = row;
  expect(warm({ scaling, ...view })).toMatchObject({ replicas, of });
});

test("S11: says what it was taken of, and what held it back", () => {
  const because = (current: number, busiest: number): string =>
    warm({ scaling, current, everywhere: [busiest, current], percent: 200 }).because;
  expect(because(2, 6)).toBe("200 % of the 6 that the busiest Region has");
  expect(because(2, 16)).toBe("200 % of the 16 that the busiest Region has; never more than 20");
});
