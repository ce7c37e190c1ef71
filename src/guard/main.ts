/**
 * The guard: kills a Region's servers when their lease is over and their agent has not done so, because it hangs,
 * was stopped, or is dead. It reads the deadlines from the lease board, needs nobody's answer, and survives its
 * agent. Safety may rest on it, so it does as little as possible.
 */
import type { Clock, Log } from "../env/env.ts";
import { nodeClock } from "../env/node/clock.ts";
import { nodeLog } from "../env/node/log.ts";
import { readSettings } from "../env/node/program.ts";
import { SharedNote } from "../env/node/shared-note.ts";
import { describeError, Failure } from "../model/failure.ts";
import type { DatabaseId } from "../model/region.ts";
import { processesIn } from "../postgres/process-table.ts";
import { killAllIn } from "../postgres/server-process.ts";
import {
  guardSettings,
  parseBoard,
  type GuardBoard,
  type GuardSettings,
} from "../wire/guard-protocol.ts";
import { decideGuard, hotLookMs, replacedSince } from "./watch.ts";

/** It ends by itself, or by a signal that nobody handles. */
const never = new AbortController().signal;

export async function main(settingsPath: string): Promise<void> {
  const settings = readSettings(guardSettings, settingsPath);
  const log = nodeLog("guard", settings.logLevel).child({ region: settings.region });
  const die = (error: unknown): never => {
    say(() => log.error("program.crashed", { error: describeError(error) }));
    process.exit(70);
  };
  process.on("uncaughtException", die);
  process.on("unhandledRejection", die);
  say(() => log.info("program.started", { pid: process.pid, generation: settings.generation }));
  const because = await watch(settings, { clock: nodeClock, log });
  say(() => log.info("program.ended", { because }));
  process.exit(0);
}

type Doors = { readonly clock: Clock; readonly log: Log };

/** Settles with the reason when there is nothing left to guard. */
async function watch(settings: GuardSettings, doors: Doors): Promise<string> {
  const { clock } = doors;
  const { generation, hostPid } = settings;
  const look = boardReader(settings.leaseBoardPath, doors.log);
  let replacedSinceMs: number | undefined;
  for (;;) {
    const seen = { nowMs: clock.monotonicMs(), board: look(), generation };
    replacedSinceMs = replacedSince(seen, replacedSinceMs);
    const decision = decideGuard({ ...seen, replacedSinceMs, hostLives: isAlive(hostPid) });
    const { because } = decision;
    if (decision.kind === "leave") {
      const all = settings.directories.map(({ database }) => database);
      if (decision.fence === "everything") await fence(all, because, settings, doors);
      return because;
    }
    const stood = await fence(decision.fence, because, settings, doors);
    await clock.sleep(stood ? hotLookMs : decision.lookInMs, never);
  }
}

/** A board that cannot be read now is the one that was read last: its deadlines still hold. */
function boardReader(path: string, log: Log): () => GuardBoard | undefined {
  const note = new SharedNote(path);
  let last: GuardBoard | undefined;
  return () => {
    try {
      const text = note.read();
      last = text === undefined ? undefined : parseBoard(text);
    } catch (error) {
      if (!(error instanceof Failure) || last === undefined) throw error;
      say(() => log.warn("guard.board-unreadable", { error: describeError(error) }));
    }
    return last;
  };
}

/** Kills first and speaks later. Answers whether there was anything to kill. */
async function fence(
  databases: readonly DatabaseId[],
  because: string,
  settings: GuardSettings,
  { clock, log }: Doors,
): Promise<boolean> {
  const doomed = settings.directories.filter(({ database }) => databases.includes(database));
  const killed = await Promise.all(
    doomed.map(async ({ database, dataDirectory }) => {
      const processes = processesIn(dataDirectory).filter(({ isForeign }) => !isForeign).length;
      if (processes === 0) return false;
      const isEmpty = await killAllIn(dataDirectory, clock, never);
      say(() => {
        if (isEmpty) log.warn("guard.fenced", { database, processes, because });
        else log.error("guard.fence-failed", { database, dataDirectory, because });
      });
      return true;
    }),
  );
  return killed.includes(true);
}

/** It is looked at each half second, so its number cannot have come to stand for another process. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** A log that cannot be written, on a full disk, must not stop the guard. */
function say(write: () => void): void {
  try {
    write();
  } catch {
    // Nobody to tell.
  }
}
