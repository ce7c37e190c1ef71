/** What `decideRunAs` has to know about this machine. */
import { readFile, realpath, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Clock } from "../env/env.ts";
import type { Installation } from "./installation.ts";
import { runProgram } from "./program.ts";
import type { PathPart, RunAsView, User } from "./run-as.ts";
import { setprivPrefix, unsharePrefix } from "./run-as.ts";

/** The probes run `true`, which takes 2 ms. */
const PROBE_TIMEOUT_MS = 5000;

/** @param directory where the instances' directories are, or will be; it must exist. */
export async function observeRunAs(
  installation: Installation,
  directory: string,
  clock: Clock,
  signal: AbortSignal,
): Promise<RunAsView> {
  return observeProgram(join(installation.binDirectory, "postgres"), directory, clock, signal);
}

/** For any program that refuses to run as root, with its files below `directory`. */
export async function observeProgram(
  program: string,
  directory: string,
  clock: Clock,
  signal: AbortSignal,
): Promise<RunAsView> {
  const uid = process.getuid?.();
  if (uid !== 0) {
    return { uid, nobody: undefined, canBecomeNobody: false, canUnshareUser: false, parts: [] };
  }
  const nobody = await findNobody();
  const works = async (prefix: readonly string[]): Promise<boolean> => {
    const limits = { clock, timeoutMs: PROBE_TIMEOUT_MS };
    return (await runProgram([...prefix, "true"], limits, signal)).exitCode === 0;
  };
  const [canBecomeNobody, canUnshareUser, programParts, dataParts] = await Promise.all([
    nobody ? works(setprivPrefix(nobody)) : false,
    works(unsharePrefix),
    partsOf(program),
    partsOf(directory),
  ]);
  return { uid, nobody, canBecomeNobody, canUnshareUser, parts: [...programParts, ...dataParts] };
}

async function findNobody(): Promise<User | undefined> {
  const passwd = await readFile("/etc/passwd", "utf8").catch(() => "");
  const match = /^nobody:[^:]*:(\d+):(\d+):/m.exec(passwd);
  return match ? { uid: Number(match[1]), gid: Number(match[2]) } : undefined;
}

async function partsOf(path: string): Promise<readonly PathPart[]> {
  const parts: PathPart[] = [];
  for (let at = await realpath(path); ; at = dirname(at)) {
    const { mode, uid, gid } = await stat(at);
    parts.unshift({ path: at, mode, uid, gid });
    if (at === dirname(at)) return parts;
  }
}
