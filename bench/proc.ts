/** Processes as /proc shows them: who descends from whom, what each used, whether it lives. Linux only. */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";

export type Process = {
  readonly pid: number;
  /** With the pid it names one process for ever. */
  readonly born: string;
  readonly command: readonly string[];
  /** From the root of the tree down to its parent. */
  readonly above: readonly Process[];
  /** Its own, and that of the children that it has waited for; ended children are in their parent's. */
  readonly cpuMs: number;
};

/** The kernel counts in USER_HZ, which is 100 on every platform that Node runs on. */
const MS_PER_TICK = 10;

/** `pid` and all its descendants, parents first. */
export function processTree(pid: number, above: readonly Process[] = []): readonly Process[] {
  const stat = readStat(pid);
  if (stat === undefined || stat.isZombie) return [];
  const { born, cpuMs } = stat;
  const self: Process = { pid, born, command: commandOf(pid), above, cpuMs };
  const children = childrenOf(pid);
  return [self, ...children.flatMap((child) => processTree(child, [...above, self]))];
}

/** A zombie is gone: it holds no memory, no lock and no socket, and waits only for its parent. */
export function isGone({ pid, born }: Pick<Process, "pid" | "born">): boolean {
  const stat = readStat(pid);
  return stat === undefined || stat.isZombie || stat.born !== born;
}

function readStat(
  pid: number,
): { readonly born: string; readonly cpuMs: number; readonly isZombie: boolean } | undefined {
  const text = attempt(() => readFileSync(`/proc/${pid}/stat`, "latin1"));
  if (text === undefined) return undefined;
  // The name in field 2 may hold spaces and brackets; what follows the last bracket begins with field 3.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const ticks = [11, 12, 13, 14].map((at) => Number(fields[at]));
  const cpuMs = ticks.reduce((sum, value) => sum + value, 0) * MS_PER_TICK;
  return { born: fields[19] ?? "", cpuMs, isZombie: fields[0] === "Z" };
}

function childrenOf(pid: number): readonly number[] {
  const text = attempt(() => readFileSync(`/proc/${pid}/task/${pid}/children`, "latin1")) ?? "";
  return text.split(" ").filter(Boolean).map(Number);
}

function commandOf(pid: number): readonly string[] {
  const text = attempt(() => readFileSync(`/proc/${pid}/cmdline`, "latin1")) ?? "";
  return text.split("\0").filter(Boolean);
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    // It ended between two looks.
    return undefined;
  }
}

/** Every process of the machine with `path` on its command line or as the place where it works. */
export function processesNaming(
  path: string,
): readonly { readonly pid: number; readonly command: readonly string[] }[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .map((name) => ({ pid: Number(name), command: commandOf(Number(name)) }))
    .filter(({ pid, command }) => {
      const cwd = attempt(() => readlinkSync(`/proc/${pid}/cwd`)) ?? "";
      const isGoing = readStat(pid)?.isZombie === false;
      return isGoing && (cwd.startsWith(path) || command.some((word) => word.includes(path)));
    });
}
