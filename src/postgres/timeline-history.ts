/** `pg_wal/<timeline>.history`: a line for each timeline that came before, `parent <tab> fork <tab> reason`. */
import type { Fork } from "../model/fork.ts";
import { parseLsn } from "../model/lsn.ts";

export function historyFileName(timeline: number): string {
  return `${timeline.toString(16).toUpperCase().padStart(8, "0")}.history`;
}

/** Where `timeline` left its parent: its history's last line. Undefined when there is none that can be read. */
export function lastFork(timeline: number, history: string): Fork | undefined {
  const lines = history.split("\n").filter((line) => /^\s*\d/.test(line));
  const [parent = "", position = ""] = lines.at(-1)?.trim().split(/\s+/) ?? [];
  const lsn = parseLsn(position);
  if (!/^\d+$/.test(parent) || lsn === undefined) return undefined;
  return { timeline, parent: Number(parent), lsn };
}
