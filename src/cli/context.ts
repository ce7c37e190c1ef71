/** Finds the world that a command is about, and speaks to it. */
import type { ApiStatus } from "../api/api.ts";
import { ApiClient } from "../api/client.ts";
import { parseSecrets, type WorldSecrets } from "../config/secrets.ts";
import { findStateDirectory, stateLayout, type StateLayout } from "../config/state-directory.ts";
import { Failure } from "../model/failure.ts";
import { nearest } from "../std/nearest.ts";
import type { Frame } from "./frame.ts";
import { listWorlds } from "./registry.ts";
import { readSupervisorRecord } from "../supervisor/supervisor-record.ts";

/** @throws Failure `world.not-running`, `world.ambiguous` */
export function findWorld(frame: Frame): StateLayout {
  const { cwd, files, options } = frame;
  const running = listWorlds(frame).map(({ stateDirectory }) => stateDirectory);
  const search = { cwd, explicit: options.state, running, exists: files.exists };
  return stateLayout(findStateDirectory(search));
}

/** For commands that end a world: undefined where there is none, which is then nothing to do. */
export function findWorldToEnd(frame: Frame): StateLayout | undefined {
  try {
    return findWorld(frame);
  } catch (error) {
    if (error instanceof Failure && error.code === "world.not-running") return undefined;
    throw error;
  }
}

export type Connection = { readonly client: ApiClient; readonly layout: StateLayout };

/** Runs `work` with a client of the world that the frame is about, and closes it. */
export async function withWorld<T>(
  frame: Frame,
  work: (connection: Connection) => Promise<T>,
): Promise<T> {
  const layout = findWorld(frame);
  const record = readSupervisorRecord(frame.files, layout.supervisor);
  if (record === undefined) {
    throw new Failure("world.not-running", `No world runs in ${layout.root}`);
  }
  const client = new ApiClient(record.api, readWorldSecrets(frame, layout).apiToken, frame.clock);
  try {
    return await work({ client, layout });
  } finally {
    client.close();
  }
}

/** Of the owner of the state directory alone: the file has mode 0600. @throws Failure `world.not-running` */
export function readWorldSecrets(frame: Frame, layout: StateLayout): WorldSecrets {
  const text = frame.files.read(layout.allSecrets);
  if (text !== undefined) return parseSecrets(text, layout.allSecrets);
  throw new Failure("world.not-running", `No world was ever started in ${layout.root}`);
}

/** @throws Failure `region.unknown` with the name that was probably meant */
export function knownRegion(status: ApiStatus, name: string): string {
  if (Object.hasOwn(status.regions, name)) return name;
  const message = unknown("Region", name, Object.keys(status.regions));
  throw new Failure("region.unknown", message);
}

/** @throws Failure `database.unknown` with the name that was probably meant */
export function knownDatabase(status: ApiStatus, name: string): string {
  if (Object.hasOwn(status.databases, name)) return name;
  const message = unknown("database", name, Object.keys(status.databases));
  throw new Failure("database.unknown", message);
}

/** `There is no Region "us-eats-1"; did you mean us-east-1?` or the list when nothing is near. */
export function unknown(noun: string, name: string, known: readonly string[]): string {
  const meant = nearest(name, known);
  const rest = meant === undefined ? `there are: ${known.join(", ")}` : `did you mean ${meant}?`;
  return `There is no ${noun} "${name}"; ${rest}`;
}
