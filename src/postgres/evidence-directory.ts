/**
 * The data directories of former primaries, kept until a person removes them (I5):
 *
 *   evidence/<name>/evidence.json   whose they are; there before the data, so that these are never nameless
 *   evidence/<name>/data            the data directory as it ended, moved here whole, without write permission
 *   evidence/.<name>                on its way out
 */
import { chmod, lstat, open, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Failure } from "../model/failure.ts";
import type { EvidenceItem, EvidenceNote } from "../model/evidence.ts";
import { parseLsn, formatLsn } from "../model/lsn.ts";
import { assert } from "../std/assert.ts";
import { processesIn } from "./process-table.ts";
import {
  exists,
  makePassableDirectory,
  type InstancePaths,
  syncPath,
} from "./instance-directory.ts";

/** A name becomes a directory's. */
const evidenceName = /^[A-Za-z0-9][A-Za-z0-9_-]*$/;

/** Whoever owns it may read it and, of directories, pass; nobody may write. */
const WRITE_BITS = 0o222;

type NotePaths = { readonly directory: string; readonly data: string; readonly note: string };

/**
 * @throws Failure `state.damaged` when neither the data nor the evidence is there, `postgres.stop-failed` when a
 * server runs on the data
 */
export async function keepAsEvidence(paths: InstancePaths, note: EvidenceNote): Promise<void> {
  const at = pathsOf(paths, note.name);
  if (!(await exists(at.data))) {
    if (!(await exists(paths.data))) {
      throw new Failure(
        "state.damaged",
        `There is no data directory at ${paths.data} to set aside`,
      );
    }
    if (processesIn(paths.data).length > 0) {
      const because = "a server runs on it";
      throw new Failure("postgres.stop-failed", `${paths.data} is not set aside: ${because}`);
    }
    await makePassableDirectory(at.directory);
    await writeDurably(at.note, renderNote(note, undefined));
    await syncPath(at.directory);
    await syncPath(paths.evidence);
    await rename(paths.data, at.data);
  }
  await syncPath(at.directory);
  await syncPath(paths.directory);
  await walk(at.data, (path, mode) => chmod(path, mode & ~WRITE_BITS));
  if ((await readNote(at.note))?.bytes !== undefined) return;
  await writeDurably(at.note, renderNote(note, await sizeOnDisk(at.data)));
  await syncPath(at.directory);
}

/** Without what was begun and has no data yet: these are still where they were. */
export async function listEvidence(paths: InstancePaths): Promise<readonly EvidenceItem[]> {
  const items: EvidenceItem[] = [];
  for (const name of await readdir(paths.evidence).catch(() => [])) {
    if (!evidenceName.test(name)) continue;
    const at = pathsOf(paths, name);
    if (!(await exists(at.data))) continue;
    const stored = await readNote(at.note);
    if (!stored) {
      throw new Failure("state.damaged", `${at.note} does not say whose data lie beside it`);
    }
    items.push({
      ...stored.note,
      bytes: stored.bytes ?? (await sizeOnDisk(at.data)),
      path: at.directory,
    });
  }
  return items.toSorted((a, b) => a.atWallMs - b.atWallMs);
}

/** Renames it first, so that a removal that is interrupted leaves no half evidence; the next one ends it. */
export async function removeEvidence(paths: InstancePaths, name: string): Promise<void> {
  const at = pathsOf(paths, name);
  const leaving = join(paths.evidence, `.${name}`);
  if (await exists(at.directory)) {
    await removeReadOnly(leaving);
    await rename(at.directory, leaving);
    await syncPath(paths.evidence);
  }
  await removeReadOnly(leaving);
}

async function removeReadOnly(directory: string): Promise<void> {
  if (!(await exists(directory))) return;
  // What is in a directory without write permission cannot be removed, but by root.
  await walk(directory, async (path, mode, isDirectory) => {
    if (isDirectory) await chmod(path, mode | 0o700);
  });
  await rm(directory, { recursive: true, force: true });
}

function pathsOf(paths: InstancePaths, name: string): NotePaths {
  assert(evidenceName.test(name), "the name of evidence is a directory's name");
  const directory = join(paths.evidence, name);
  return { directory, data: join(directory, "data"), note: join(directory, "evidence.json") };
}

/** A directory before what is in it; a symbolic link is left alone, and so is what it points at. */
async function walk(
  path: string,
  visit: (path: string, mode: number, isDirectory: boolean) => Promise<void>,
): Promise<void> {
  const found = await lstat(path);
  if (found.isSymbolicLink()) return;
  await visit(path, found.mode & 0o7777, found.isDirectory());
  if (!found.isDirectory()) return;
  for (const name of await readdir(path)) await walk(join(path, name), visit);
}

/** 512: the unit of `st_blocks`, whatever the file system's own. */
async function sizeOnDisk(path: string): Promise<number> {
  const found = await lstat(path);
  let bytes = found.blocks * 512;
  if (!found.isDirectory()) return bytes;
  for (const name of await readdir(path)) bytes += await sizeOnDisk(join(path, name));
  return bytes;
}

type StoredNote = { readonly note: EvidenceNote; readonly bytes: number | undefined };

function renderNote(note: EvidenceNote, bytes: number | undefined): string {
  const forkLsn = note.forkLsn === undefined ? undefined : formatLsn(note.forkLsn);
  return `${JSON.stringify({ ...note, forkLsn, bytes }, undefined, 2)}\n`;
}

/** Undefined when it is not there or not whole. */
async function readNote(path: string): Promise<StoredNote | undefined> {
  const text = await readFile(path, "utf8").catch(() => "");
  try {
    const { bytes, forkLsn, ...note } = JSON.parse(text) as Omit<EvidenceNote, "forkLsn"> & {
      readonly bytes?: number;
      readonly forkLsn?: string;
    };
    return {
      note: { ...note, forkLsn: forkLsn === undefined ? undefined : parseLsn(forkLsn) },
      bytes,
    };
  } catch {
    return undefined;
  }
}

/** Appears at once or not at all; whoever looks for evidence may read it. */
async function writeDurably(path: string, text: string): Promise<void> {
  const temporary = `${path}.new`;
  await writeFile(temporary, text, { mode: 0o644 });
  const file = await open(temporary, "r+");
  try {
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, path);
}
