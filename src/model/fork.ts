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
 * Whether WAL up to `point` is no part of the history that `forks` tell: it was written, or received, on a timeline
 * beyond where the next one left it. `forks` are all of the system's, oldest first.
 */
export function isPastFork(point: TimelinePoint, forks: readonly Fork[]): boolean {
  const left = forks.find(({ parent }) => parent === point.timeline);
  return left !== undefined && point.lsn > left.lsn;
}
