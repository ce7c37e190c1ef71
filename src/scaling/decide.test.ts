import fc from "fast-check";
import { expect, test } from "vitest";
import type { Scaling } from "../model/service.ts";
import { decide, type ScaleDecision, type ScaleView } from "./decide.ts";
import { emptyHistory, noteAsked, type ScaleHistory } from "./history.ts";
import type { ReplicaUsage } from "./usage.ts";

const scaling: Scaling = {
  min: 2,
  max: 20,
  cpuPercent: 50,
  cpuRequestMillis: 250,
  tolerance: 0.1,
  scaleDownStabilizationMs: 300_000,
};

const all = (replicas: number, percent: number): readonly ReplicaUsage[] =>
  Array.from({ length: replicas }, () => ({ kind: "measured", cpuMillis: percent * 2.5 }));

/** `current` replicas, each at `percent` of its request. */
function look(current: number, percent: number, changes: Partial<ScaleView> = {}): ScaleDecision {
  const history = emptyHistory;
  const usage = all(current, percent);
  return decide({ scaling, current, usage, history, floor: 0, nowMs: 0, ...changes });
}

const numberOf = (decision: ScaleDecision, current: number): number =>
  decision.kind === "scale" ? decision.replicas : current;

test("S6: never more than max, and never fewer than min", () => {
  expect(look(15, 300)).toMatchObject({ kind: "scale", replicas: 20 });
  const calm = { history: seen(2), nowMs: 15_000 };
  expect(look(3, 0, calm)).toMatchObject({ kind: "scale", replicas: 2 });
  expect(look(2, 0)).toMatchObject({ kind: "keep", recommended: 0 });
});

test("S6: a number outside of the bounds comes back at once, whatever is measured", () => {
  expect(look(25, 50)).toMatchObject({
    kind: "scale",
    replicas: 20,
    because: "never more than 20",
  });
  expect(look(1, 50)).toMatchObject({ kind: "scale", replicas: 2, because: "never fewer than 2" });
});

/** Only this was asked for, a moment ago. */
function seen(replicas: number, atMs = 0): ScaleHistory {
  return noteAsked(emptyHistory, replicas, atMs, { windowMs: 300_000, periodMs: 15_000 });
}

test("S7: at one time at most twice as many or four more, whichever is more", () => {
  expect(look(2, 1_000)).toMatchObject({ kind: "scale", replicas: 6 });
  expect(look(3, 1_000)).toMatchObject({ kind: "scale", replicas: 7 });
  expect(look(8, 1_000)).toMatchObject({ kind: "scale", replicas: 16 });
});

test("S7: two looks in one period are one step", () => {
  const first = look(2, 1_000);
  const { history } = first;
  expect(look(6, 1_000, { history, nowMs: 14_999 })).toMatchObject({ kind: "keep" });
  expect(look(6, 1_000, { history, nowMs: 15_000 })).toMatchObject({ kind: "scale", replicas: 12 });
});

test("S8: it shrinks only to the most that was asked for within the window", () => {
  const history = seen(12);
  expect(look(12, 10, { history, nowMs: 299_999 })).toMatchObject({ kind: "keep", recommended: 3 });
  expect(look(12, 10, { history, nowMs: 300_000 })).toMatchObject({ kind: "scale", replicas: 3 });
  const between = look(12, 30, { history, nowMs: 150_000 }).history;
  expect(look(12, 10, { history: between, nowMs: 310_000 })).toMatchObject({
    kind: "scale",
    replicas: 8,
  });
});

test("S8: the window holds nobody who wants more", () => {
  const { history } = look(4, 10, { history: seen(4) });
  expect(look(4, 200, { history, nowMs: 15_000 })).toMatchObject({ kind: "scale", replicas: 8 });
});

test("S8: a controller that starts lets a whole window pass before it shrinks anything", () => {
  const started = look(12, 10);
  expect(started.kind).toBe("keep");
  const later = { history: started.history, nowMs: 299_000 };
  expect(look(12, 10, later).kind).toBe("keep");
  expect(look(12, 10, { ...later, nowMs: 300_000 })).toMatchObject({ kind: "scale", replicas: 3 });
});

test("S9: where a Region is not heard, nothing is measured or a person says how many, the number stays", () => {
  expect(look(7, 0, { usage: undefined, history: seen(2) }).kind).toBe("keep");
  expect(look(7, 0, { usage: [{ kind: "unready" }], history: seen(2) }).kind).toBe("keep");
  expect(look(0, 500).because).toBe("it is set to 0");
  const manual = { ...scaling, cpuPercent: undefined };
  expect(look(1, 500, { scaling: manual }).kind).toBe("keep");
});

test("S11: a Region that is held warm keeps its number, and grows beyond it", () => {
  const history = seen(2);
  expect(look(4, 0, { floor: 12, history })).toMatchObject({ kind: "scale", replicas: 12 });
  const warm = { floor: 12, history, nowMs: 400_000 };
  expect(look(12, 1, warm)).toMatchObject({ kind: "keep" });
  expect(look(12, 1, warm).because).toContain("held warm at 12");
  expect(look(12, 70, warm)).toMatchObject({ kind: "scale", replicas: 17 });
  expect(look(20, 1, { ...warm, floor: 40 })).toMatchObject({ kind: "keep" });
});

test("S6 to S8 hold for any series of loads", () => {
  const load = fc.integer({ min: 0, max: 20_000 });
  fc.assert(
    fc.property(fc.array(load, { minLength: 1, maxLength: 80 }), (loads) => {
      let current = 2;
      let history = emptyHistory;
      const asked: { readonly replicas: number; readonly atMs: number }[] = [];
      loads.forEach((millis, index) => {
        const nowMs = index * 15_000;
        const usage = all(current, millis / 2.5 / current);
        const decision = decide({ scaling, current, usage, history, floor: 0, nowMs });
        const next = numberOf(decision, current);
        asked.push({ replicas: decision.recommended ?? current, atMs: nowMs });
        expect(next).toBeGreaterThanOrEqual(2);
        expect(next).toBeLessThanOrEqual(20);
        expect(next).toBeLessThanOrEqual(Math.max(2 * current, current + 4));
        const recent = asked.filter(({ atMs }) => nowMs - atMs < 300_000);
        const most = Math.max(2, ...recent.map(({ replicas }) => replicas));
        expect(next).toBeGreaterThanOrEqual(Math.min(current, most));
        // The window is kept as a falling stair, so that it is no longer than there are different numbers.
        const stair = decision.history.asked.map(({ replicas }) => replicas);
        expect(stair).toEqual([...new Set(stair)].toSorted((a, b) => b - a));
        expect(decision.history.steps.length).toBeLessThanOrEqual(2);
        current = next;
        history = decision.history;
      });
    }),
  );
});
