/** Stopping the world of a state directory, whoever started it. */
import type { StateLayout } from "../config/state-directory.ts";
import { Failure } from "../model/failure.ts";
import { readSupervisorRecord } from "../supervisor/supervisor-record.ts";
import { isWorldLocked } from "../supervisor/world-lock.ts";
import type { Frame } from "./frame.ts";
import { formatDuration } from "./output.ts";

/** 60 s: a Region is killed after 30 s of not stopping, and what follows is quick. */
const stopTimeoutMs = 60_000;
/** 20 ms between two looks at the lock, which the system drops with the supervisor. */
const lookMs = 20;

/**
 * Tells the supervisor to stop, and settles when it is gone. Answers whether there was one.
 * @throws Failure `world.stop-timed-out`
 */
export async function stopWorld(frame: Frame, layout: StateLayout): Promise<boolean> {
  const { clock, files, signal } = frame;
  if (!isWorldLocked(files, layout.lock)) return false;
  const record = readSupervisorRecord(files, layout.supervisor);
  if (record) process.kill(record.pid, "SIGTERM");
  const startedMs = clock.monotonicMs();
  while (isWorldLocked(files, layout.lock)) {
    if (clock.monotonicMs() - startedMs > stopTimeoutMs) {
      const who = record ? `process ${record.pid}` : "its supervisor, which left no record";
      throw new Failure(
        "world.stop-timed-out",
        `The world in ${layout.root} did not stop within ${formatDuration(stopTimeoutMs)}: ${who} still holds it`,
      );
    }
    await clock.sleep(lookMs, signal);
  }
  return true;
}
