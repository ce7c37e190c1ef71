/** Whether a directory is a world's, before anything is put into it or deleted with it. */
import { lstatSync, readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { parseWorldRecord } from "../config/world-record.ts";
import type { StateLayout } from "../config/state-directory.ts";
import type { Files } from "../env/env.ts";
import { Failure } from "../model/failure.ts";

/**
 * True when a world was started in it, or nothing is in it, or it does not exist. `--state` may name anything, and
 * `reset` deletes the directory whole: a project that holds a `world.json` of its own is not ours.
 */
export function isStateDirectory(files: Files, layout: StateLayout): boolean {
  const names = namesIn(layout.root);
  if (!names.includes(basename(layout.worldRecord))) {
    return names.every((name) => isLeftover(name) || isPrepared(join(layout.root, name), layout));
  }
  // With the lock beside it, a record that was damaged since is still the record of a world.
  return names.includes(basename(layout.lock)) || isRecord(files, layout.worldRecord);
}

/** What a start leaves that was interrupted before it wrote the record, and what a fresh file system has. */
function isLeftover(name: string): boolean {
  return /^(supervisor\.lock.*|world\.json\.\d+\.tmp|lost\+found)$/.test(name);
}

/** Empty directories for the Regions, which somebody made to mount a disk of its own on each. */
function isPrepared(path: string, layout: StateLayout): boolean {
  if (path !== layout.regions || !isDirectory(path)) return false;
  const homes = namesIn(path).map((region) => join(path, region));
  return homes.every((home) => isDirectory(home) && namesIn(home).every(isLeftover));
}

function isDirectory(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

function isRecord(files: Files, path: string): boolean {
  try {
    parseWorldRecord(files.read(path) ?? "", path);
    return true;
  } catch (error) {
    return error instanceof Failure && error.code === "state.newer-version";
  }
}

function namesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw new Failure("state.not-writable", `Could not read ${directory}`, { cause });
  }
}
