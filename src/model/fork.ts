/** Where a timeline of a database system left its parent. PostgreSQL calls it the switchpoint. */
import type { Lsn } from "./lsn.ts";

export type Fork = {
  readonly timeline: number;
  readonly parent: number;
  /** The first byte that is not common to both. */
  readonly lsn: Lsn;
};

/** A position on a timeline. */
export type TimelinePoint = { readonly timeline: number; readonly lsn: Lsn };

/** The timeline of the last promotion that anybody has heard of. `forks` as below. */
export function newestTimeline(forks: readonly Fork[]): number {
  return forks.at(-1)?.timeline ?? 1;
}

/**
 * Whether WAL up to `point` is no part of the history that leads to the newest of `forks`: it was written, or received,
 * on a timeline beyond where the next one left it, or on one that was passed over. `forks` are all of the system's,
 * oldest first. A timeline that they do not name is one that nobody has heard of yet.
 */
export function isPastFork(point: TimelinePoint, forks: readonly Fork[]): boolean {
  const at = (timeline: number): Fork | undefined =>
    forks.find((fork) => fork.timeline === timeline);
  const newest = newestTimeline(forks);
  if (point.timeline === newest) return false;
  for (let child = at(newest); child !== undefined; child = at(child.parent)) {
    if (child.parent === point.timeline) return point.lsn > child.lsn;
  }
  return at(point.timeline) !== undefined;
}
