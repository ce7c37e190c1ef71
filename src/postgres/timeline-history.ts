/** `pg_wal/<timeline>.history`: a line for each timeline that came before, `parent <tab> fork <tab> reason`. */
import type { Fork } from "../model/fork.ts";
import { formatLsn, parseLsn } from "../model/lsn.ts";

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

/** The history of a timeline, as the forks that led to it tell it: what its writer put there, but for the reasons. */
export function historyOf(timeline: number, forks: readonly Fork[]): string {
  const fork = forks.find((one) => one.timeline === timeline);
  if (!fork) return "";
  return `${historyOf(fork.parent, forks)}${fork.parent}\t${formatLsn(fork.lsn)}\tpassed over\n`;
}
