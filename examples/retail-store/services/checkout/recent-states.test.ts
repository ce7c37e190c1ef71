import { expect, test } from "vitest";
import { RecentStates } from "./recent-states.ts";

const state = (version: number) => ({
  status: "open" as const,
  version,
  idempotencyKey: "",
  shipmentId: "",
  contents: { items: [] },
});

test("those that were kept last are remembered, and no more than 2,000", () => {
  const recent = new RecentStates();
  for (let index = 0; index <= 2_000; index += 1) {
    recent.keep(`${index}`, state(index));
    recent.keep("0", state(-index));
  }
  expect(recent.find("0")?.version).toBe(-2_000);
  expect(recent.find("1")).toBeUndefined();
  expect(recent.find("2")?.version).toBe(2);
});
