/**
 * What was really written, and who holds which part of it. A timeline number does not tell that: two servers that
 * were promoted apart both write timeline 2. A branch does, because nobody but one server ever writes to it.
 */
import type { SimHost } from "./host.ts";

/** A transaction that a client asked for. Leeward's own writes are none. */
export type SimCommit = {
  readonly id: number;
  readonly lsn: number;
  readonly branch: Branch;
  readonly host: SimHost;
  /** True time. */
  readonly atMs: number;
};

/** WAL that one server wrote, from where it left its parent. */
export class Branch {
  readonly timeline: number;
  readonly parent: Branch | undefined;
  /** The parent's WAL belongs to this one up to here. */
  readonly forkLsn: number;
  readonly writer: SimHost;
  /** By LSN. */
  readonly commits: SimCommit[] = [];

  constructor(timeline: number, origin: HistoryPoint | undefined, writer: SimHost) {
    this.timeline = timeline;
    this.parent = origin?.branch;
    this.forkLsn = origin?.lsn ?? 0;
    this.writer = writer;
  }
}

/** Everything up to `lsn` on `branch` and, before that, on its ancestors. */
export type HistoryPoint = { readonly branch: Branch; readonly lsn: number };

/** How much of `branch` is in the history that ends at `point`; undefined when it is no ancestor. */
export function commonLsn(branch: Branch, point: HistoryPoint): number | undefined {
  let { lsn } = point;
  for (let at: Branch | undefined = point.branch; at; at = at.parent) {
    if (at === branch) return lsn;
    lsn = Math.min(lsn, at.forkLsn);
  }
  return undefined;
}

/** Whether everything up to `point` is also part of the history that ends at `whole`. */
export function isPrefix(point: HistoryPoint, whole: HistoryPoint): boolean {
  const common = commonLsn(point.branch, whole);
  return common !== undefined && point.lsn <= common;
}

/** Whether a commit is in the history that ends at `point`. */
export function holds(point: HistoryPoint, { branch, lsn }: SimCommit): boolean {
  return isPrefix({ branch, lsn }, point);
}

/** The commits that are in the history up to `point` and not in the one up to `other`. */
export function commitsBeyond(point: HistoryPoint, other: HistoryPoint): readonly SimCommit[] {
  const beyond: SimCommit[] = [];
  let { lsn } = point;
  for (let at: Branch | undefined = point.branch; at; at = at.parent) {
    const common = commonLsn(at, other);
    if (common !== undefined && common >= lsn) break;
    for (const commit of at.commits) {
      if (commit.lsn <= lsn && commit.lsn > (common ?? 0)) beyond.push(commit);
    }
    lsn = Math.min(lsn, at.forkLsn);
  }
  return beyond;
}

/** All forks from the beginning to `branch`, oldest first. */
export function lineageOf(branch: Branch): readonly Branch[] {
  const lineage: Branch[] = [];
  for (let at: Branch | undefined = branch; at; at = at.parent) lineage.unshift(at);
  return lineage;
}
