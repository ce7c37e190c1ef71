/**
 * Where the programs come from that Leeward starts itself: the machine, or else Leeward's own cache, into which Debian's
 * packages are unpacked without root. Nothing of a package is run at that, so that no system service starts.
 *
 *   on the machine? ──no──► in the cache? ──no──► apt-get: which packages ► download, checked by apt ► dpkg-deb -x
 *                                                 in a directory of its own ► does it run? ► renamed into the cache
 */
import { constants } from "node:fs";
import { access, mkdir, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Clock, Log, Random } from "../env/env.ts";
import { removeTree } from "../env/node/remove-tree.ts";
import { Failure } from "../model/failure.ts";
import {
  aptError,
  isForWantOfLists,
  parseSimulation,
  type MissingPackage,
} from "./apt-simulation.ts";
import {
  environmentOf,
  programCatalog,
  tripletOf,
  type ProgramName,
  type Variable,
} from "./program-catalog.ts";
import { runTool, type ToolEnd } from "./run-tool.ts";

export type FoundProgram = {
  readonly path: string;
  /** To be set for it, on top of what its user gives it. */
  readonly environment: readonly Variable[];
  readonly from: "machine" | "cache";
};

export type PackageDoors = {
  readonly clock: Clock;
  readonly log: Log;
  readonly random: Random;
  /** See `packageCacheDirectory`. Made when there is something to keep. */
  readonly cacheDirectory: string;
  /** PATH of the user. */
  readonly searchPath: string;
};

/** 60 s: apt reads its lists in 3 to 8 s, and waits for nobody's lock in a simulation. */
const simulateMs = 60_000;
/** 10 min for some 35 MB (RabbitMQ with Erlang), also on a slow line. */
const downloadMs = 600_000;
/** 2 min: dpkg-deb unpacks the largest of them in 3 s. */
const unpackMs = 120_000;
/** 20 s: Erlang starts in 1 s on an idle machine. */
const proofMs = 20_000;
/** An hour: a directory of an unpacking that is older belongs to nobody who still works on it. */
const abandonedMs = 3_600_000;

/** Of root it is not in its home, which is closed to the user as whom servers run. */
export function packageCacheDirectory(user: {
  readonly home: string;
  readonly xdgCacheHome: string | undefined;
  readonly isRoot: boolean;
}): string {
  if (user.xdgCacheHome) return join(user.xdgCacheHome, "leeward", "packages");
  if (user.isRoot) return "/var/cache/leeward/packages";
  return join(user.home, ".cache", "leeward", "packages");
}

/**
 * On the machine, in the cache, or, on Debian and Ubuntu, downloaded now, which takes seconds to minutes.
 * @throws Failure `service.program-missing`, with the command to run.
 */
export async function findProgram(
  name: ProgramName,
  doors: PackageDoors,
  signal: AbortSignal,
): Promise<FoundProgram> {
  return (await findInstalled(name, doors)) ?? (await install(name, doors, signal));
}

/** For the start of a world: all of them are there, before anything needs one. One after the other. */
export async function installPackages(
  names: readonly ProgramName[],
  doors: PackageDoors,
  signal: AbortSignal,
): Promise<readonly FoundProgram[]> {
  const found: FoundProgram[] = [];
  for (const name of new Set(names)) found.push(await findProgram(name, doors, signal));
  return found;
}

/** Without looking further than this machine; undefined when it is neither installed nor in the cache. */
export async function findInstalled(
  name: ProgramName,
  doors: PackageDoors,
): Promise<FoundProgram | undefined> {
  const path = await onMachine(name, doors.searchPath);
  if (path !== undefined) return { path, environment: [], from: "machine" };
  const home = await homeOf(name, doors.cacheDirectory);
  return home && (await inCache(name, home));
}

async function onMachine(name: ProgramName, searchPath: string): Promise<string | undefined> {
  const { at, command, needs } = programCatalog[name];
  if ((await mayRun(at)) && (needs === undefined || (await mayRun(needs)))) return at;
  if (command === undefined) return undefined;
  const directories = [...searchPath.split(":").filter(Boolean), "/usr/sbin", "/usr/local/sbin"];
  for (const directory of directories) {
    const path = join(directory, command);
    if (await mayRun(path)) return path;
  }
  return undefined;
}

/** Where a program's package is or would be: another release of the system has other libraries. */
type Home = { readonly directory: string; readonly triplet: string };

async function homeOf(name: ProgramName, cacheDirectory: string): Promise<Home | undefined> {
  const triplet = process.platform === "linux" ? tripletOf(process.arch) : undefined;
  if (triplet === undefined) return undefined;
  const text = await readFile("/etc/os-release", "utf8").catch(() => "");
  const value = (key: string): string =>
    new RegExp(`^${key}="?([\\w.-]*)"?$`, "m").exec(text)?.[1] ?? "unknown";
  const release = `${value("ID")}-${value("VERSION_ID")}-${triplet}`;
  return { directory: join(cacheDirectory, release, name), triplet };
}

async function inCache(
  name: ProgramName,
  { directory, triplet }: Home,
): Promise<FoundProgram | undefined> {
  const path = join(directory, programCatalog[name].at);
  if (!(await mayRun(path))) return undefined;
  return { path, environment: environmentOf(directory, triplet), from: "cache" };
}

async function install(
  name: ProgramName,
  doors: PackageDoors,
  signal: AbortSignal,
): Promise<FoundProgram> {
  const home = await homeOf(name, doors.cacheDirectory);
  if (!home) throw missing(name, "this is no system whose packages Leeward can unpack", undefined);
  const releaseDirectory = join(home.directory, "..");
  const work = join(releaseDirectory, `.${name}.${doors.random.hex(8)}`);
  try {
    await mkdir(releaseDirectory, { recursive: true, mode: 0o755 });
    await sweep(releaseDirectory, doors.clock);
    await mkdir(join(work, "root"), { recursive: true, mode: 0o755 });
    const packages = await whichPackages(name, doors, signal);
    doors.log.info("service.packages-downloading", { program: name, packages: packages.length });
    await download(name, packages, { ...doors, work }, signal);
    await prove(name, { directory: join(work, "root"), triplet: home.triplet }, doors, signal);
    await takePlace(name, join(work, "root"), home.directory);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof Failure) throw error;
    throw missing(name, `its package could not be unpacked below ${releaseDirectory}`, error);
  } finally {
    await rm(work, { recursive: true, force: true }).catch(() => undefined);
  }
  const found = await inCache(name, home);
  if (!found) throw missing(name, `its package has no ${programCatalog[name].at}`, undefined);
  return found;
}

async function whichPackages(
  name: ProgramName,
  doors: PackageDoors,
  signal: AbortSignal,
): Promise<readonly MissingPackage[]> {
  const command = ["apt-get", "--simulate", "-qq", "--no-install-recommends", "install", name];
  const call = { command, cwd: "/", environment: [], timeoutMs: simulateMs };
  const end = await runTool(call, doors.clock, signal);
  if (end.exitCode !== 0) throw refused(name, "apt-get could not say what it needs", end);
  const packages = parseSimulation(end.stdout);
  if (packages.length > 0) return packages;
  throw missing(
    name,
    "apt-get says that it is installed, and it is not where it should be",
    undefined,
  );
}

type Work = PackageDoors & { readonly work: string };

/** apt checks what it downloads against the signed lists of the system. */
async function download(
  name: ProgramName,
  packages: readonly MissingPackage[],
  { clock, work }: Work,
  signal: AbortSignal,
): Promise<void> {
  const wanted = packages.map((one) => `${one.name}=${one.version}`);
  const fetch = {
    command: ["apt-get", "-qq", "download", ...wanted],
    cwd: work,
    environment: [],
    timeoutMs: downloadMs,
  };
  const fetched = await runTool(fetch, clock, signal);
  if (fetched.exitCode !== 0) throw refused(name, "apt-get could not download it", fetched);
  const files = (await readdir(work)).filter((file) => file.endsWith(".deb"));
  for (const file of files) {
    const command = ["dpkg-deb", "-x", join(work, file), join(work, "root")];
    const unpack = { command, cwd: work, environment: [], timeoutMs: unpackMs };
    const end = await runTool(unpack, clock, signal);
    if (end.exitCode !== 0) throw refused(name, `dpkg-deb could not unpack ${file}`, end);
  }
  await loosen(join(work, "root"));
}

/** Erlang's start script names the place that it was built for; it is to name the one where it is. */
async function loosen(root: string): Promise<void> {
  const path = join(root, "usr/lib/erlang/bin/erl");
  const text = await readFile(path, "utf8").catch(() => undefined);
  if (text === undefined) return;
  const here = `ROOTDIR="$(dirname "$(dirname "$(readlink -f "$0")")")"`;
  await writeFile(
    path,
    text.replaceAll(/^( *)ROOTDIR=.*$/gm, (_, indent: string) => indent + here),
  );
}

/** It starts: nothing that does not is kept. */
async function prove(
  name: ProgramName,
  { directory, triplet }: Home,
  { clock }: PackageDoors,
  signal: AbortSignal,
): Promise<void> {
  const environment = environmentOf(directory, triplet);
  const command = programCatalog[name].proof;
  const end = await runTool({ command, cwd: "/", environment, timeoutMs: proofMs }, clock, signal);
  if (end.exitCode !== 0) throw refused(name, "its unpacked package does not run", end);
}

/** Somebody else may have been first: theirs is as good, and may be in use. */
async function takePlace(name: ProgramName, from: string, to: string): Promise<void> {
  const isThere = await mayRun(join(to, programCatalog[name].at));
  // What is no program any more would be in the way for good.
  if (!isThere) removeTree(to);
  await rename(from, to).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "ENOTEMPTY" && error.code !== "EEXIST") throw error;
  });
}

/** What a killed download left behind. */
async function sweep(directory: string, clock: Clock): Promise<void> {
  for (const entry of await readdir(directory)) {
    if (!entry.startsWith(".")) continue;
    const path = join(directory, entry);
    const made = await stat(path).catch(() => undefined);
    if (made && clock.wallMs() - made.mtimeMs > abandonedMs) removeTree(path);
  }
}

async function mayRun(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

function refused(name: ProgramName, what: string, end: ToolEnd): Failure {
  const error = aptError(end.stderr) || end.stderr.trim().split("\n").at(-1) || end.ending;
  const lists = isForWantOfLists(error)
    ? "; its lists may be missing or old (`sudo apt-get update`)"
    : "";
  return missing(name, `${what} (${error})${lists}`, undefined);
}

function missing(name: ProgramName, why: string, cause: unknown): Failure {
  const command = `sudo apt-get install ${name}`;
  const message = `${name} is not installed, and ${why}. Install it, on Debian and Ubuntu with: ${command}`;
  return new Failure("service.program-missing", message, {
    ...(cause === undefined ? {} : { cause }),
    details: { program: name, command },
  });
}
