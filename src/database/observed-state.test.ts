import { expect, test } from "vitest";
import { lsn, ours } from "../../test/database-fixtures.ts";
import type { Assignment } from "../model/assignment.ts";
import type { ServerStatus } from "../postgres/postgres.ts";
import { observedState } from "./observed-state.ts";

const standby: ServerStatus = {
  systemId: ours,
  timeline: 2,
  isInRecovery: true,
  flushedLsn: lsn(5),
  replayedLsn: lsn(5),
  isStreaming: true,
};
const forks = [{ timeline: 2, parent: 1, lsn: lsn(3) }];
const secondary = { role: "secondary", forks } as unknown as Assignment;
const target = { role: "primary", forks } as unknown as Assignment;

test("a secondary serves once it receives the newest timeline", () => {
  expect(observedState(standby, secondary, false).kind).toBe("serving");
  expect(observedState({ ...standby, timeline: 1 }, secondary, false)).toEqual({
    kind: "catching-up",
    because: "it is on timeline 1 yet, and the writer is on 2",
  });
  expect(observedState({ ...standby, isStreaming: false }, secondary, false).kind).toBe(
    "catching-up",
  );
});

test("a writer serves when its writes are open, and a standby that is to be one is being promoted", () => {
  const writer = { ...standby, isInRecovery: false };
  expect(observedState(writer, target, true).kind).toBe("serving");
  expect(observedState(writer, target, false).kind).toBe("starting");
  expect(observedState({ ...standby, isStreaming: false }, target, false).kind).toBe("promoting");
});
