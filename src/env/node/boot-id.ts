import { readFileSync } from "node:fs";
import { uptime } from "node:os";

/** 10 s: both clocks are read one after the other, and the wall clock is corrected now and then. */
const roundToS = 10;

/**
 * Names the time since the machine was started. A deadline on the monotonic clock means nothing to the next one.
 * Where the system has no name for it, its moment is one; after a jump of the wall clock it is another, and what
 * was noted before counts for nothing, which is the safe side.
 */
export function bootId(): string {
  try {
    return readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim();
  } catch {
    return `since ${Math.round((Date.now() / 1_000 - uptime()) / roundToS) * roundToS}`;
  }
}
