/** What the kernel says of a process, on Linux. */
import { readFileSync } from "node:fs";

export type ProcessStat = {
  /** When it started, in the kernel's ticks. */
  readonly born: string;
  /** Nothing of it runs any more: nobody has reaped it yet. */
  readonly hasEnded: boolean;
};

/** Undefined when there is no such process, or no /proc. */
export function readProcessStat(pid: number): ProcessStat | undefined {
  try {
    // Its name (field 2) may hold spaces, brackets and bytes that are no UTF-8; but as that Node reads a file three
    // times faster, and nobody wants the name.
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return { born: fields[22 - 3] ?? "", hasEnded: fields[0] === "Z" || fields[0] === "X" };
  } catch {
    return undefined;
  }
}
