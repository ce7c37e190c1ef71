import { expect, test } from "vitest";
import { afterLoss, afterProbe, afterService, unasked, type HealthState } from "./health-state.ts";

const thresholds = { healthyThreshold: 2, unhealthyThreshold: 3 };

/** `+` a good answer, `-` a bad one, `!` a request that was lost, `s` one that was served. */
function after(start: HealthState, story: string): HealthState {
  return [...story].reduce((state, sign) => {
    if (sign === "!") return afterLoss(state, "its connection broke");
    if (sign === "s") return afterService(state);
    const isGood = sign === "+";
    return afterProbe(state, { isGood, because: isGood ? "good" : "bad" }, thresholds);
  }, start);
}

test.for([
  ["--", true],
  ["---", false],
  ["--+--", true],
  ["---+", false],
  ["---++", true],
  ["---+-+-+", false],
  ["!", false],
  ["!+", false],
  ["!++", true],
] as const)("healthy, then %s: %s", ([story, isHealthy]) => {
  expect(after(unasked(true), story).isHealthy).toBe(isHealthy);
});

test("one that flaps between two checks changes nothing", () => {
  expect(after(unasked(true), "-+".repeat(50)).isHealthy).toBe(true);
  expect(after(unasked(false), "+-".repeat(50)).isHealthy).toBe(false);
});

test("who lies needs twice as many good answers each time, up to a bound, until a request is served", () => {
  let liar = unasked(true);
  const needed: number[] = [];
  for (let n = 0; n < 8; n += 1) {
    liar = after(liar, "!");
    let answers = 0;
    while (!liar.isHealthy) {
      liar = after(liar, "+");
      answers += 1;
    }
    needed.push(answers);
  }
  expect(needed).toEqual([2, 4, 8, 16, 32, 64, 64, 64]);
  expect(after(liar, "s!++").isHealthy).toBe(true);
});

test("many requests that break in one moment are one ejection", () => {
  expect(after(unasked(true), "!!!!!").ejections).toBe(1);
});
