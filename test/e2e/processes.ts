/** Who runs, by /proc: the processes of one world, and what belongs to each of its Regions. */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";

export type Process = {
  readonly pid: number;
  readonly parent: number;
  readonly command: string;
  readonly cwd: string;
  readonly isZombie: boolean;
  /** Its PID namespace. */
  readonly namespace: string;
};

export function allProcesses(): readonly Process[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => processOf(Number(name)) ?? []);
}

export function isAlive(pid: number): boolean {
  const found = processOf(pid);
  return found !== undefined && !found.isZombie;
}

export function killIfAlive(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended by itself.
  }
}

/**
 * Every process that has to do with `directory`: its command line or its working directory names it, or it
 * descends from one that does. Ours is none of them.
 */
export function processesOf(directory: string): readonly Process[] {
  const all = allProcesses().filter(({ pid, isZombie }) => pid !== process.pid && !isZombie);
  const named = all.filter(({ command, cwd }) => `${command}\0${cwd}`.includes(directory));
  const found = new Map(named.map((one) => [one.pid, one]));
  for (let before = -1; before !== found.size; ) {
    before = found.size;
    for (const one of all) if (found.has(one.parent)) found.set(one.pid, one);
  }
  return [...found.values()];
}

/** The processes of `world` that live in a Region: `host` and its descendants, and all of their PID namespace. */
export function processesUnder(host: number, world: readonly Process[]): readonly Process[] {
  const found = new Map(world.filter(({ pid }) => pid === host).map((one) => [one.pid, one]));
  const outside = processOf(process.pid)?.namespace;
  for (let before = -1; before !== found.size; ) {
    before = found.size;
    const namespaces = new Set([...found.values()].map(({ namespace }) => namespace));
    namespaces.delete(outside ?? "");
    for (const one of world) {
      if (found.has(one.parent) || namespaces.has(one.namespace)) found.set(one.pid, one);
    }
  }
  return [...found.values()];
}

function processOf(pid: number): Process | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The name in field 2 may hold spaces and brackets.
    const [state = "", parent = "0"] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return {
      pid,
      parent: Number(parent),
      isZombie: state === "Z" || state === "X",
      command: readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").trim(),
      cwd: linkOf(`/proc/${pid}/cwd`),
      namespace: linkOf(`/proc/${pid}/ns/pid`),
    };
  } catch {
    return undefined;
  }
}

/** Empty where it cannot be read: another user's, or gone. */
export function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return "";
  }
}
