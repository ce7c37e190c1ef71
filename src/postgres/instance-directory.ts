/**
 * The files of one instance, side by side in its own directory:
 *
 *   data             the data directory, whole: it appears by a rename, at the end of a creation or a clone
 *   data.unfinished  a creation or a clone that goes on, or that was interrupted
 *   data.removed     a data directory on its way out
 *   evidence         data directories of former primaries, each whole in a directory of its name
 *   postgres.log     what the server says; postgres.log.1 is what it said before
 *   upstream.pass    the replicator's password, for libpq
 */
import type { Stats } from "node:fs";
import {
  chmod,
  chown,
  lchown,
  mkdir,
  open,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  writeFile,
} from "node:fs/promises";
import { dirname, join } from "node:path";
import { Failure } from "../model/failure.ts";
import { type ControlFile, parseControlFile } from "./control-file.ts";
import type { DataDirectory } from "./postgres.ts";
import type { User } from "./run-as.ts";

export type InstancePaths = {
  readonly directory: string;
  readonly data: string;
  readonly unfinished: string;
  readonly removed: string;
  readonly evidence: string;
  readonly log: string;
  readonly passFile: string;
};

export function instancePaths(directory: string): InstancePaths {
  return {
    directory,
    data: join(directory, "data"),
    unfinished: join(directory, "data.unfinished"),
    removed: join(directory, "data.removed"),
    evidence: join(directory, "evidence"),
    log: join(directory, "postgres.log"),
    passFile: join(directory, "upstream.pass"),
  };
}

/** Makes it and what is missing above it. Others may pass (not list): PostgreSQL may run as `nobody`. */
export async function makePassableDirectory(directory: string): Promise<void> {
  const firstMade = await mkdir(directory, { recursive: true, mode: 0o711 });
  if (firstMade === undefined) return;
  // The process's umask may have taken the permission to pass away again.
  for (let at = directory; at.length >= firstMade.length; at = dirname(at)) await chmod(at, 0o711);
}

/** @throws Failure `postgres.other-major`, `state.damaged` */
export async function inspectInstance(paths: InstancePaths, major: number): Promise<DataDirectory> {
  if (await exists(paths.data)) return inspectData(paths.data, major);
  const isUnfinished = (await exists(paths.unfinished)) || (await exists(paths.removed));
  return { kind: isUnfinished ? "unfinished" : "absent" };
}

async function inspectData(data: string, major: number): Promise<DataDirectory> {
  const damaged = (cause: unknown): never => {
    throw new Failure("state.damaged", `The data directory ${data} cannot be read`, { cause });
  };
  const version = (await readFile(join(data, "PG_VERSION"), "utf8").catch(damaged)).trim();
  if (version !== String(major)) {
    throw new Failure(
      "postgres.other-major",
      `${data} was made by PostgreSQL ${version}, and PostgreSQL ${major} is installed`,
    );
  }
  const { systemId, end } = await readControlFile(data);
  return { kind: "present", systemId, isStandby: await exists(join(data, "standby.signal")), end };
}

/** A running server overwrites the file in place; a read that falls into one of its writes is repeated. */
const CONTROL_READS_MAX = 10;

/** @throws Failure `state.damaged`, `postgres.other-major` for a layout that nobody here has seen */
export async function readControlFile(
  data: string,
): Promise<Extract<ControlFile, { readonly kind: "read" }>> {
  const path = join(data, "global", "pg_control");
  for (let reading = 0; reading < CONTROL_READS_MAX; reading += 1) {
    const bytes = await readFile(path).catch((cause: unknown) => {
      throw new Failure("state.damaged", `${path} cannot be read`, { cause });
    });
    const control = parseControlFile(bytes);
    if (control.kind === "read") return control;
    if (control.kind === "unknown-version") {
      const because = `its layout has number ${control.version}; known are those of PostgreSQL 15 to 18`;
      throw new Failure("postgres.other-major", `${path} cannot be read: ${because}`);
    }
  }
  throw new Failure("state.damaged", `${path} cannot be read: its checksum is wrong`);
}

/** An empty `data.unfinished`, owned by whoever PostgreSQL runs as; earlier remains are removed. */
export async function beginData(paths: InstancePaths, owner: User | undefined): Promise<void> {
  await removeRemains(paths);
  await mkdir(paths.unfinished, { mode: 0o700 });
  if (owner) await chown(paths.unfinished, owner.uid, owner.gid);
}

/** The one moment in which the data directory comes into being. */
export async function finishData(paths: InstancePaths): Promise<void> {
  await syncPath(paths.unfinished);
  await rename(paths.unfinished, paths.data);
  await syncPath(paths.directory);
}

export async function removeRemains(paths: InstancePaths): Promise<void> {
  await rm(paths.unfinished, { recursive: true, force: true });
  await rm(paths.removed, { recursive: true, force: true });
}

/** Renames it first, so that a removal that is interrupted leaves no half data directory behind. */
export async function removeData(paths: InstancePaths): Promise<void> {
  await removeRemains(paths);
  if (!(await exists(paths.data))) return;
  await rename(paths.data, paths.removed);
  await syncPath(paths.directory);
  await removeRemains(paths);
}

/** Replaces a file at once or not at all; 0600, because settings and passwords are nobody else's business. */
export async function replaceFile(
  path: string,
  text: string,
  owner: User | undefined,
): Promise<void> {
  const temporary = `${path}.new`;
  await writeFile(temporary, text, { mode: 0o600 });
  await chmod(temporary, 0o600);
  if (owner) await chown(temporary, owner.uid, owner.gid);
  await syncPath(temporary);
  await rename(temporary, path);
}

/**
 * Gives the whole tree to `owner` when it is somebody else's, for a state directory that changed hands:
 * PostgreSQL refuses data that is not its own. Only root can; nobody else ever needs to.
 */
export async function giveTo(data: string, owner: User): Promise<void> {
  if ((await stat(data)).uid === owner.uid) return;
  for (const entry of await readdir(data, { recursive: true, withFileTypes: true })) {
    await lchown(join(entry.parentPath, entry.name), owner.uid, owner.gid);
  }
  // Last, because its owner says that the rest is done.
  await lchown(data, owner.uid, owner.gid);
}

export async function syncPath(path: string): Promise<void> {
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

export async function exists(path: string): Promise<boolean> {
  const found: Stats | undefined = await stat(path).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === "ENOENT") return undefined;
    throw new Failure("state.damaged", `${path} cannot be looked at`, { cause });
  });
  return found !== undefined;
}
