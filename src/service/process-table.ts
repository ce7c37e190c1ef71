/**
 * The processes of this machine, and which of them belong to a replica. On Linux from /proc. Elsewhere there is no such
 * table that is cheap to read: there a replica is its process group, and nothing more is known of it.
 */
import { readdirSync, readFileSync } from "node:fs";
import { identify, isAlive, type ProcessId } from "../env/node/process-id.ts";

export type TableRow = ProcessId & {
  readonly parent: number;
  readonly group: number;
  readonly session: number;
  /** In the kernel's hundredths of a second: its own, and that of its children that ended and were waited for. */
  readonly ticks: number;
};

/** In the environment of all that a replica starts, with a mark that nobody else has. */
export const markName = "LEEWARD_SERVICE_KEY";

/** All that live, zombies not; empty where there is no /proc. */
export function readProcessTable(): readonly TableRow[] {
  if (process.platform !== "linux") return [];
  return numbersIn("/proc").flatMap((pid) => {
    const row = parseStat(attempt(() => readFileSync(`/proc/${pid}/stat`, "utf8")) ?? "");
    return row ? [row] : [];
  });
}

/** The text of /proc/PID/stat. The name in field 2 may hold spaces and brackets. Undefined of a zombie. */
export function parseStat(stat: string): TableRow | undefined {
  const end = stat.lastIndexOf(")");
  const fields = stat.slice(end + 2).split(" ");
  const [state] = fields;
  if (end < 0 || state === "Z" || state === "X") return undefined;
  const number = (position: number): number => Number(fields[position - 3] ?? 0);
  return {
    pid: Number.parseInt(stat, 10),
    parent: number(4),
    group: number(5),
    session: number(6),
    ticks: number(14) + number(15) + number(16) + number(17),
    born: fields[22 - 3] ?? "",
  };
}

/**
 * Who belongs to the process that leads its group and session: whoever is in them, who descends from somebody of the
 * family, and whom it was seen to have before (`known`), also when those have been left by their parents since.
 */
export function familyOf(
  leader: ProcessId,
  known: readonly ProcessId[],
  table: readonly TableRow[],
): readonly TableRow[] {
  const sameNumber = table.find(({ pid }) => pid === leader.pid);
  // A number that lives on as a group's is given to no other process. If there is one, the group is that one's.
  const isOurs = sameNumber === undefined || sameNumber.born === leader.born;
  const children = new Map<number, TableRow[]>();
  for (const row of table) children.set(row.parent, [...(children.get(row.parent) ?? []), row]);
  const family = new Map<number, TableRow>();
  const queue = table.filter(
    (row) =>
      (isOurs && (row.group === leader.pid || row.session === leader.pid)) ||
      known.some(({ pid, born }) => pid === row.pid && born === row.born),
  );
  for (let row = queue.shift(); row !== undefined; row = queue.shift()) {
    if (family.has(row.pid)) continue;
    family.set(row.pid, row);
    queue.push(...(children.get(row.pid) ?? []));
  }
  return [...family.values()];
}

export type Marked = ProcessId & { readonly mark: string };

/** Everything in whose environment a mark begins with `prefix`, and that we may look into; none where there is no /proc. */
export function markedProcesses(prefix: string): readonly Marked[] {
  if (process.platform !== "linux") return [];
  return numbersIn("/proc").flatMap((pid) => {
    const mark = markOf(pid);
    const one = mark?.startsWith(prefix) ? identify(pid) : undefined;
    return mark !== undefined && one && isAlive(one) ? [{ ...one, mark }] : [];
  });
}

/** Undefined when it has none, or its environment may not be read, or it has written over it. */
export function markOf(pid: number): string | undefined {
  const text = attempt(() => readFileSync(`/proc/${pid}/environ`, "utf8")) ?? "";
  const variable = text.split("\0").find((one) => one.startsWith(`${markName}=`));
  return variable?.slice(markName.length + 1);
}

function numbersIn(directory: string): readonly number[] {
  return readdirSync(directory)
    .filter((entry) => /^\d+$/.test(entry))
    .map(Number);
}

/** Processes come and go while one looks: whatever cannot be read is not there. */
function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
