import { expect, test } from "vitest";
import { SessionEnd } from "./session-end.ts";

test("its signal aborts at the end, whether it was asked for before or after", () => {
  const [early, late] = [new SessionEnd(), new SessionEnd()];
  const signal = early.signal;
  expect(signal.aborted).toBe(false);
  expect(early.signal).toBe(signal);
  for (const end of [early, late]) end.end();
  expect([early.isOver, late.isOver]).toEqual([true, true]);
  expect([signal.aborted, late.signal.aborted]).toEqual([true, true]);
});
