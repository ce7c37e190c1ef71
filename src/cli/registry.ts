/**
 * Which worlds run for this user, so that a command finds the only one from anywhere. One small file for each, in a
 * directory that nobody else can write: what it says is believed.
 */
import { chmodSync, lstatSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { Failure } from "../model/failure.ts";
import { identify, isAlive } from "../env/node/process-id.ts";
import type { Machine } from "./machine.ts";

const entry = z.object({ stateDirectory: z.string(), pid: z.int(), born: z.string() });

export type RunningWorld = { readonly stateDirectory: string; readonly pid: number };

type Place = Pick<Machine, "env" | "userId" | "temporaryDirectory" | "files">;

/** Says that `pid` (the supervisor) runs the world of this state directory. */
export function registerWorld(place: Place, { stateDirectory, pid }: RunningWorld): void {
  const directory = registryDirectory(place);
  makePrivate(directory, place.userId);
  const text = JSON.stringify({ stateDirectory, pid, born: identify(pid)?.born ?? "" });
  place.files.write(join(directory, `${pid}.json`), text, 0o600);
}

/** A no-op when it was not registered. */
export function unregisterWorld(place: Place, pid: number): void {
  place.files.remove(join(registryDirectory(place), `${pid}.json`));
}

/** The worlds whose supervisor lives; the entries of the dead are removed on the way. */
export function listWorlds(place: Place): readonly RunningWorld[] {
  const directory = registryDirectory(place);
  if (!isPrivate(directory, place.userId)) return [];
  return readdirSync(directory)
    .filter((name) => /^\d+\.json$/.test(name))
    .flatMap((name) => {
      const path = join(directory, name);
      const found = readEntry(place.files.read(path));
      if (found && isAlive(found)) {
        return [{ stateDirectory: found.stateDirectory, pid: found.pid }];
      }
      rmSync(path, { force: true });
      return [];
    });
}

/** $XDG_RUNTIME_DIR/leeward, or leeward-UID among the temporary files where there is no such thing. */
export function registryDirectory({ env, userId, temporaryDirectory }: Place): string {
  const runtime = env["XDG_RUNTIME_DIR"];
  if (runtime !== undefined && runtime.startsWith("/")) return join(runtime, "leeward");
  return join(temporaryDirectory, `leeward-${userId ?? "user"}`);
}

function readEntry(text: string | undefined): z.output<typeof entry> | undefined {
  try {
    return entry.parse(JSON.parse(text ?? ""));
  } catch {
    return undefined;
  }
}

function makePrivate(directory: string, userId: number | undefined): void {
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    // Of our own that an odd umask or an older version has left open; never through a link.
    const { uid } = lstatSync(directory);
    if (uid === userId && !lstatSync(directory).isSymbolicLink()) chmodSync(directory, 0o700);
  } catch (cause) {
    throw new Failure("state.not-writable", `Could not make ${directory}`, { cause });
  }
  if (!isPrivate(directory, userId)) {
    const message = `${directory} is not this user's alone, so it is not trusted`;
    throw new Failure("state.not-writable", message);
  }
}

/** Anybody can make a directory of that name among the temporary files before us. */
function isPrivate(directory: string, userId: number | undefined): boolean {
  const found = lstatSync(directory, { throwIfNoEntry: false });
  if (!found?.isDirectory()) return false;
  return userId === undefined || (found.uid === userId && (found.mode & 0o077) === 0);
}
