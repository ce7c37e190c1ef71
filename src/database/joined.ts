/** Whether a secondary is a part of the present epoch's history. Pure. */
import { newestTimeline } from "../model/fork.ts";
import type { InstanceReport } from "../model/instance.ts";
import type { SystemRecord } from "./records.ts";

/**
 * It streams, follows this epoch, and has received something of the newest timeline: while it still receives the end of
 * the one before, it could not be promoted from the newest.
 */
export function hasJoined(
  { state, role, epoch, position }: InstanceReport,
  record: Pick<SystemRecord, "epoch" | "forks">,
): boolean {
  const newest = newestTimeline(record.forks);
  const isCurrent = epoch === record.epoch && (position?.timeline ?? 0) >= newest;
  return state.kind === "serving" && role === "secondary" && isCurrent;
}
