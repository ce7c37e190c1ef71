/** For commands that wait for something of a world: they end with it. */
import type { StateLayout } from "../config/state-directory.ts";
import { Failure } from "../model/failure.ts";
import { isAlive } from "../env/node/process-id.ts";
import { readSupervisorRecord } from "../supervisor/supervisor-record.ts";
import type { Frame } from "./frame.ts";

/** 500 ms: who stops the world in another terminal sees the command that waits here end at once. */
const lookEveryMs = 500;

/**
 * Runs `work` with a frame whose signal aborts when the supervisor that runs now ends.
 * @throws Failure `world.not-running` through that signal
 */
export async function whileWorldRuns<T>(
  frame: Frame,
  layout: StateLayout,
  work: (frame: Frame) => Promise<T>,
): Promise<T> {
  const over = new AbortController();
  const signal = AbortSignal.any([frame.signal, over.signal]);
  const first = readSupervisorRecord(frame.files, layout.supervisor);
  const watching = watch(frame, signal, () => {
    const now = readSupervisorRecord(frame.files, layout.supervisor);
    if (now !== undefined && now.pid === first?.pid && isAlive(now)) return;
    const message = `The world in ${layout.root} was stopped before it was ready`;
    over.abort(new Failure("world.not-running", message));
  });
  try {
    return await work({ ...frame, signal });
  } finally {
    over.abort();
    await watching;
  }
}

async function watch({ clock }: Frame, signal: AbortSignal, look: () => void): Promise<void> {
  while (!signal.aborted) {
    look();
    await clock.sleep(lookEveryMs, signal).catch(() => undefined);
  }
}
