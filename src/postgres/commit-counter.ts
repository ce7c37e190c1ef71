/**
 * How many commits lie in the WAL beyond a position: what a failover to the secondary that has flushed so far
 * would lose. Only WAL beyond the slowest secondary is ever read, and each byte of it about once: what was counted
 * is remembered as a row of marks, and for a position between two marks only the WAL between them is read again.
 */
import type { Lsn } from "../model/lsn.ts";
import type { ReplicaLoss } from "./postgres.ts";
import { walReadStart } from "./oldest-commit.ts";

/** What one window holds. */
export type CommitCount = {
  /** Commits that end beyond the position. */
  readonly commits: number;
  /** Where the last whole record ends; undefined when the window holds none. */
  readonly lastEndLsn: Lsn | undefined;
};

/** Counts in the records that lie wholly between `from` and `to` the commits that end after `beyond`. */
export type CountWindow = (window: {
  readonly from: Lsn;
  readonly to: Lsn;
  readonly beyond: Lsn;
}) => Promise<CommitCount>;

/** `commits` end after the first mark, and not after this one. */
type Mark = { readonly lsn: Lsn; readonly commits: number };

type CountFrom = (mark: Mark, to: Lsn) => Promise<number>;

/** A window of 64 KiB is read in a millisecond; up to 1 MiB, so that marks lie close enough. */
const FIRST_WINDOW_BYTES = 64n * 1024n;
const WINDOW_BYTES_MAX = 1024n * 1024n;
const WINDOW_GROWTH = 4n;

/** Of all positions together: 0.1 to 0.3 s of one core. */
const READING_BYTES_MAX = 16n * 1024n * 1024n;

/** Beyond it every other one is dropped: 512 MiB of WAL before a position costs a window of more than 1 MiB. */
const MARKS_MAX = 512;

export class CommitCounter {
  #marks: readonly Mark[] = [];
  /** The commits up to the positions of the last reading: a secondary that is away asks the same each second. */
  #known = new Map<Lsn, number>();
  #countedFor: Lsn | undefined;
  #budget = 0n;

  /** One answer for each position, up to `end`. `segmentBytes`: before the segment of the lowest, WAL may be gone. */
  async losses(
    positions: readonly Lsn[],
    end: Lsn,
    segmentBytes: bigint,
    count: CountWindow,
  ): Promise<readonly ReplicaLoss[]> {
    const behind = positions.filter((position) => position < end);
    const [first] = behind.toSorted((a, b) => (a < b ? -1 : 1));
    if (first === undefined) return positions.map(() => nothing);
    this.#budget = READING_BYTES_MAX;
    this.#beginAt(first);
    await this.#countUpTo(end, segmentBytes, count);
    const countFrom = async (mark: Mark, to: Lsn): Promise<number> => {
      const from = this.#readStart(mark, segmentBytes);
      return (await count({ from, to, beyond: mark.lsn })).commits;
    };
    const losses: ReplicaLoss[] = [];
    for (const position of positions) losses.push(await this.#lossAt(position, end, countFrom));
    for (const known of this.#known.keys()) if (!behind.includes(known)) this.#known.delete(known);
    return losses;
  }

  /** Positions of another timeline cannot be compared with what is remembered. */
  reset(): void {
    this.#marks = [];
    this.#known.clear();
    this.#countedFor = undefined;
  }

  /** Nobody asks about what lies before the first position any more. */
  #beginAt(position: Lsn): void {
    const [oldest, newest] = [this.#marks[0], this.#marks.at(-1)];
    if (!oldest || !newest || position < oldest.lsn || position > newest.lsn) {
      this.reset();
      this.#marks = [{ lsn: position, commits: 0 }];
      return;
    }
    const from = this.#marks.findLastIndex(({ lsn }) => lsn <= position);
    this.#marks = this.#marks.slice(from);
  }

  async #countUpTo(end: Lsn, segmentBytes: bigint, count: CountWindow): Promise<void> {
    if (this.#countedFor === end) return;
    let windowBytes = FIRST_WINDOW_BYTES;
    let last = lastOf(this.#marks);
    let from = this.#readStart(last, segmentBytes);
    while (this.#budget > 0n) {
      const to = lower(from + windowBytes, end);
      const { commits, lastEndLsn } = await count({ from, to, beyond: last.lsn });
      this.#budget -= to - from;
      if (lastEndLsn !== undefined && lastEndLsn > last.lsn) {
        last = { lsn: lastEndLsn, commits: last.commits + commits };
        this.#marks = thinned([...this.#marks, last]);
      }
      if (to === end) {
        this.#countedFor = end;
        return;
      }
      // Without a whole record in it, the window was too small for the record that begins there.
      if (lastEndLsn === undefined) windowBytes *= WINDOW_GROWTH;
      else windowBytes = lower(windowBytes * WINDOW_GROWTH, WINDOW_BYTES_MAX as Lsn);
      from = lastEndLsn ?? from;
    }
  }

  /** The first mark may lie inside a record, which is beyond it; the others are where records end. */
  #readStart(mark: Mark, segmentBytes: bigint): Lsn {
    return mark === this.#marks[0] ? walReadStart(mark.lsn, segmentBytes) : mark.lsn;
  }

  async #lossAt(position: Lsn, end: Lsn, countFrom: CountFrom): Promise<ReplicaLoss> {
    if (position >= end) return nothing;
    const all = lastOf(this.#marks).commits;
    const before = await this.#commitsUpTo(position, countFrom);
    return {
      transactions: Math.max(0, all - before.commits),
      bytes: Number(end - position),
      isExact: before.isExact && this.#countedFor === end,
    };
  }

  async #commitsUpTo(
    position: Lsn,
    countFrom: CountFrom,
  ): Promise<{ readonly commits: number; readonly isExact: boolean }> {
    const known = this.#known.get(position);
    if (known !== undefined) return { commits: known, isExact: true };
    const at = this.#marks.findLastIndex(({ lsn }) => lsn <= position);
    const mark = this.#marks[at] ?? { lsn: position, commits: 0 };
    const next = this.#marks[at + 1];
    // Not counted yet so far, or no time for it: what is certain is what lies beyond the next mark.
    if (mark.lsn !== position && (!next || position - mark.lsn > this.#budget)) {
      return { commits: next?.commits ?? mark.commits, isExact: next === undefined };
    }
    let { commits } = mark;
    if (mark.lsn !== position) {
      this.#budget -= position - mark.lsn;
      commits += await countFrom(mark, position);
    }
    this.#known.set(position, commits);
    return { commits, isExact: true };
  }
}

const nothing: ReplicaLoss = { transactions: 0, bytes: 0, isExact: true };

function lastOf(marks: readonly Mark[]): Mark {
  return marks.at(-1) ?? { lsn: 0n as Lsn, commits: 0 };
}

function thinned(marks: readonly Mark[]): readonly Mark[] {
  if (marks.length <= MARKS_MAX) return marks;
  return marks.filter((_, index) => index % 2 === 0 || index === marks.length - 1);
}

function lower<T extends bigint>(a: bigint, b: T): T {
  return a < b ? (a as T) : b;
}
