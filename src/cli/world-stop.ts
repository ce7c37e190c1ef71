/** Stopping the world of a state directory, whoever started it. */
import type { StateLayout } from "../config/state-directory.ts";
import { Failure } from "../model/failure.ts";
import { isAlive } from "../env/node/process-id.ts";
import { readSupervisorRecord, type SupervisorRecord } from "../supervisor/supervisor-record.ts";
import { isWorldLocked } from "../supervisor/world-lock.ts";
import type { Frame } from "./frame.ts";
import { formatDuration } from "./output.ts";

/** 60 s: a Region is killed after 30 s of not stopping, and what follows is quick. */
const stopTimeoutMs = 60_000;
/** 20 ms between two looks at the lock and at the process. */
const lookMs = 20;

/**
 * Tells the supervisor to stop, and settles when it is gone. Answers whether there was one.
 * @throws Failure `world.stop-timed-out`, `state.not-writable` when it is another user's
 */
export async function stopWorld(frame: Frame, layout: StateLayout): Promise<boolean> {
  const { clock, files, signal } = frame;
  if (!isWorldLocked(files, layout.lock)) return false;
  const startedMs = clock.monotonicMs();
  let told: SupervisorRecord | undefined;
  // The system drops the lock first, and lets the process go a moment later.
  while (isWorldLocked(files, layout.lock) || (told !== undefined && isAlive(told))) {
    // One that has just begun has not written its record yet.
    const record = readSupervisorRecord(files, layout.supervisor);
    if (record && record.pid !== told?.pid) {
      tellToStop(record);
      told = record;
    }
    if (clock.monotonicMs() - startedMs > stopTimeoutMs) {
      const who = told ? `process ${told.pid}` : "its supervisor, which left no record";
      throw new Failure(
        "world.stop-timed-out",
        `The world in ${layout.root} did not stop within ${formatDuration(stopTimeoutMs)}: ${who} still holds it`,
      );
    }
    await clock.sleep(lookMs, signal);
  }
  return true;
}

/** Never a stranger: a supervisor that has ended in this moment may have given its number away. */
function tellToStop(record: SupervisorRecord): void {
  if (!isAlive(record)) return;
  try {
    process.kill(record.pid, "SIGTERM");
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ESRCH") return;
    const message = `Could not stop the supervisor, process ${record.pid}: it runs as another user`;
    throw new Failure("state.not-writable", message, { cause });
  }
}
