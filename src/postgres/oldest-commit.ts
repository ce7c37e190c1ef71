/**
 * The age of the oldest commit beyond a position in the WAL: the RPO lag of a secondary, when the position is
 * what it has flushed. The commit is found by reading the WAL from the position on, in windows; what was read is
 * remembered until the position has passed it, so that a lag of hours costs one search and not one a second.
 */
import type { Lsn } from "../model/lsn.ts";

export type Commit = {
  readonly endLsn: Lsn;
  /** On the writer's clock, since 1970. */
  readonly atMs: number;
};

/** What one window holds. */
export type WindowScan = {
  /** The first commit that ends beyond the position. */
  readonly commit: Commit | undefined;
  /** Where the last whole record ends; undefined when the window holds none. */
  readonly lastEndLsn: Lsn | undefined;
};

/** Reads the records that lie wholly between `from` and `to`, for the first commit that ends after `beyond`. */
export type ScanWindow = (window: {
  readonly from: Lsn;
  readonly to: Lsn;
  readonly beyond: Lsn;
}) => Promise<WindowScan>;

export type Search =
  | { readonly kind: "none" }
  | { readonly kind: "found"; readonly commit: Commit }
  /** The search stopped at its bound; it goes on from there at the next reading. */
  | { readonly kind: "unfinished" };

/** A window of 64 KiB is read in a millisecond, and on a link that keeps up it is all there is. */
const FIRST_WINDOW_BYTES = 64n * 1024n;
const WINDOW_GROWTH = 4n;

/** 16 MiB of records are read in 0.1 to 0.3 s; a bulk load of a gigabyte takes a minute of readings to pass. */
const READING_BYTES_MAX = 16n * 1024n * 1024n;

/**
 * A position may lie inside a record, because WAL is sent in pages; that record is beyond it as well. A commit
 * record is rarely longer than a page.
 */
const LOOK_BACK_BYTES = 16n * 1024n;

export class OldestCommit {
  #found: Commit | undefined;
  /** No commit ends between the position of the last reading and here. */
  #searchedTo: Lsn | undefined;

  /**
   * @param position only grows from reading to reading, unless the timeline changes; then call `reset`.
   * @param segmentBytes before the segment of `position`, WAL may be gone.
   */
  async after(position: Lsn, end: Lsn, segmentBytes: bigint, scan: ScanWindow): Promise<Search> {
    if (this.#found && this.#found.endLsn > position) return { kind: "found", commit: this.#found };
    this.#found = undefined;
    if (position >= end) return { kind: "none" };
    let from = searchStart(position, this.#searchedTo, segmentBytes);
    if (from >= end) return { kind: "none" };
    let windowBytes = FIRST_WINDOW_BYTES;
    for (let readBytes = 0n; readBytes < READING_BYTES_MAX; ) {
      const to = lower(from + windowBytes, end);
      const { commit, lastEndLsn } = await scan({ from, to, beyond: position });
      if (commit) {
        this.#found = commit;
        return { kind: "found", commit };
      }
      readBytes += to - from;
      this.#searchedTo = lastEndLsn ?? this.#searchedTo;
      if (to === end) return { kind: "none" };
      // Without a whole record in it, the window was too small for the record that begins there.
      from = lastEndLsn ?? from;
      if (from >= end) return { kind: "none" };
      windowBytes *= WINDOW_GROWTH;
    }
    return { kind: "unfinished" };
  }

  reset(): void {
    this.#found = undefined;
    this.#searchedTo = undefined;
  }
}

function searchStart(position: Lsn, searchedTo: Lsn | undefined, segmentBytes: bigint): Lsn {
  if (searchedTo !== undefined && searchedTo > position) return searchedTo;
  return walReadStart(position, segmentBytes);
}

/** Where to read from, so that a record that `position` cuts in two is seen. */
export function walReadStart(position: Lsn, segmentBytes: bigint): Lsn {
  const segmentStart = position - (position % segmentBytes);
  const back = position - LOOK_BACK_BYTES;
  // The first page of a segment begins with a header that is no record.
  return (back > segmentStart ? back : segmentStart) as Lsn;
}

function lower(a: bigint, b: Lsn): Lsn {
  return a < b ? (a as Lsn) : b;
}
