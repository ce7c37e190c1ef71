import { expect, test } from "vitest";
import pico from "picocolors";
import { exampleLoss, exampleOperation } from "../../test/fake-world.ts";
import type { ApiOperation } from "../api/operations-api.ts";
import {
  checkLines,
  datedLossText,
  lossText,
  outcomeText,
  stepLines,
  toldSteps,
} from "./operation-text.ts";

const colors = pico.createColors(false);
const completed = { phase: "ended", outcome: "completed" } as const;

test("a loss is told in transactions, bytes and time, and never as less than it may be", () => {
  expect(lossText(exampleLoss)).toBe("3 transactions, 1.2 KiB, 40 ms");
  expect(lossText({ ...exampleLoss, transactions: 1 })).toBe("1 transaction, 1.2 KiB, 40 ms");
  const none = { ...exampleLoss, transactions: 0, bytes: 0, ms: 0 };
  expect(lossText(none)).toBe("nothing");
  expect(lossText({ ...none, isExact: false })).toBe("at least 0 transactions, 0 B, 0 ms");
  expect(lossText(null)).toBe("not known");
  expect(datedLossText(exampleLoss)).toBe(lossText(exampleLoss));
  expect(datedLossText({ ...none, sampleAgeMs: 5_000 })).toBe(
    "nothing, and whatever was written in the 5.0 s since it was last heard",
  );
});

test("a check that is passed says what to know before, where there is something", () => {
  const check = { name: "it is so", isPassed: true, because: "" };
  const because = "2 sessions will end";
  expect(checkLines([check, { ...check, because }], colors)).toEqual([
    "  ✓ it is so",
    "  ✓ it is so: 2 sessions will end",
  ]);
});

test("what came of an operation is told by its kind", () => {
  const told = (changes: Partial<ApiOperation>): string =>
    outcomeText(exampleOperation({ ...completed, ...changes }));
  expect(told({})).toBe("orders: us-west-2 is the primary (epoch 2), nothing was lost");
  expect(told({ kind: "failover", estimatedLoss: exampleLoss, writePauseMs: null })).toBe(
    "orders: us-west-2 is the primary (epoch 2); left behind in us-east-1, as far as is known: 3 transactions, 1.2 KiB, 40 ms",
  );
  expect(told({ kind: "failover", estimatedLoss: null })).toContain(
    "what was left behind in us-east-1 could not be counted",
  );
  expect(told({ kind: "detach" })).toBe(
    "orders: us-west-2 left it and stands alone as orders-us-west-2",
  );
  expect(told({ outcome: "rolled-back", because: "it was cancelled" })).toBe(
    "switchover-orders-2 was rolled back: it was cancelled",
  );
});

test("the claim is told with its time, which comes with the end of the step after it", () => {
  const { startedAt } = exampleOperation();
  const step = { startedAt, ms: 12, because: "" };
  const claimed = exampleOperation({
    phase: "claimed",
    steps: [
      { ...step, name: "hand-over" },
      { ...step, name: "claim", ms: null },
      { ...step, name: "promote", ms: null },
    ],
  });
  expect(toldSteps(claimed).map(({ name }) => name)).toEqual(["hand-over"]);
  expect(toldSteps({ ...claimed, ...completed })).toHaveLength(3);
});

test("the present step is shown with what it waits for, those before with why they ended", () => {
  const { startedAt } = exampleOperation();
  const steps = [
    { name: "catch-up", startedAt, ms: 12, because: "0 bytes behind" },
    { name: "hand-over", startedAt, ms: null, because: "" },
  ];
  const running = exampleOperation({ steps, because: "us-east-1 is shutting down" });
  expect(stepLines(running, colors)).toEqual([
    "  ✓ catch-up     12 ms  0 bytes behind",
    "  … hand-over           us-east-1 is shutting down",
  ]);
  const ended = stepLines({ ...running, ...completed }, colors);
  expect(ended[1]).toBe("  ✓ hand-over");
  const back = { ...running, phase: "ended", outcome: "rolled-back" } as const;
  expect(stepLines(back, colors).map((line) => line.slice(2, 3))).toEqual(["✓", "✗"]);
});
