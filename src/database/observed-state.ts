/** What a running server's own words make of its instance's state. Pure. */
import type { Assignment } from "../model/assignment.ts";
import { newestTimeline } from "../model/fork.ts";
import type { InstanceState } from "../model/instance.ts";
import type { ServerStatus } from "../postgres/postgres.ts";

export function observedState(
  { isInRecovery, isStreaming, timeline }: ServerStatus,
  assignment: Assignment | undefined,
  writesAreOpen: boolean,
): InstanceState {
  if (!isInRecovery) {
    if (writesAreOpen) return { kind: "serving" };
    return { kind: "starting", because: "its writes are not let in yet" };
  }
  // Before the newest timeline it receives what was left of the one before, and could not be promoted from here.
  const newest = newestTimeline(assignment?.forks ?? []);
  if (isStreaming && timeline >= newest) return { kind: "serving" };
  if (assignment?.role === "primary") return { kind: "promoting" };
  return {
    kind: "catching-up",
    because: isStreaming
      ? `it is on timeline ${timeline} yet, and the writer is on ${newest}`
      : "it does not stream from its upstream yet",
  };
}
