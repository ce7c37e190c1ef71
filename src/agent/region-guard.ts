/** The Region's lease board and the guard that reads it, from an agent's start to its end. */
import type { LeaseBoard } from "../database/lease-board.ts";
import type { Clock, Files, Log } from "../env/env.ts";
import { bootId } from "../env/node/boot-id.ts";
import { spawnDetached, type Detached } from "../env/node/detached.ts";
import { SharedNote } from "../env/node/shared-note.ts";
import { instancePaths } from "../postgres/instance-directory.ts";
import { encode } from "../wire/codec.ts";
import { guardSettings, type GuardSettings } from "../wire/guard-protocol.ts";
import type { AgentSettings } from "../wire/program-settings.ts";
import { keepGuard } from "./guard-keeper.ts";
import { NodeLeaseBoard } from "./node-lease-board.ts";

export type RegionGuard = {
  /** Holds what an agent before this one has left on it. */
  readonly board: LeaseBoard;
  /** At once, without waiting; the guard is not started again. */
  readonly kill: () => void;
  /** After the last server has stopped: ends the guard, takes the board away. */
  readonly close: () => Promise<void>;
};

type Doors = { readonly clock: Clock; readonly log: Log; readonly files: Files };

/** @throws Failure `state.not-writable`, `disk.full` */
export function openGuard(settings: AgentSettings, { clock, log, files }: Doors): RegionGuard {
  const { leaseBoardPath, guard } = settings;
  // No two agents of a Region start in the same microsecond of one boot.
  const generation = Math.floor(clock.monotonicMs() * 1e3);
  const note = new SharedNote(leaseBoardPath);
  const board = new NodeLeaseBoard(note, { bootId: bootId(), generation });
  const told = encode(guardSettings, guardSettingsOf(settings, generation));
  files.write(guard.settingsPath, JSON.stringify(told), 0o600);
  const end = new AbortController();
  const start = (): Detached => spawnDetached([...guard.command, guard.settingsPath]);
  const kept = keepGuard(start, { clock, log }, end.signal);
  const kill = (): void => end.abort(new Error("the agent ends"));
  return {
    board,
    kill,
    close: async () => {
      kill();
      await kept;
      note.close();
      files.remove(leaseBoardPath);
    },
  };
}

function guardSettingsOf(settings: AgentSettings, generation: number): GuardSettings {
  return {
    logLevel: settings.logLevel,
    region: settings.region,
    leaseBoardPath: settings.leaseBoardPath,
    generation,
    hostPid: process.ppid,
    directories: settings.instances.map(({ database, directory }) => ({
      database,
      dataDirectory: instancePaths(directory).data,
    })),
  };
}
