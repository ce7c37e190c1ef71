/**
 * How far the writer's WAL had come when a session was last answered by it. A read that has to see what the session saw
 * is served by an instance that has replayed as far. Positions are plain numbers here, because they are compared with
 * every read: exact up to 2^53 bytes, 8 PiB of WAL.
 */
import { type Fork, isPastFork, newestTimeline } from "../model/fork.ts";
import { formatLsn, type Lsn, parseLsn } from "../model/lsn.ts";
import type { SystemId } from "../model/region.ts";

/** A byte of a timeline; `lsn` as a number. */
export type WalPoint = { readonly timeline: number; readonly lsn: number };

export type Token = WalPoint & { readonly systemId: SystemId };

/** What a Region knows of a database system's timelines. */
export type TimelineKnowledge = {
  readonly systemId: SystemId;
  /** All that anybody has told, oldest first. */
  readonly forks: readonly Fork[];
  /** The newest that was met here, in an instance or in a token; its fork may not be known yet. */
  readonly timeline: number;
};

export type Judgement =
  /** An instance that has replayed this point has all that the token stands for. */
  | ({ readonly kind: "reached-by" } & WalPoint)
  /** The same, as far as is known: the fork that would tell is still to be heard of. */
  | ({ readonly kind: "unknown-yet"; readonly because: string } & WalPoint)
  /** No primary will ever have it: a failover left it behind. */
  | { readonly kind: "lost"; readonly because: string }
  | { readonly kind: "foreign"; readonly because: string };

/** Timelines are 32 bits wide in PostgreSQL. */
const TIMELINE_MAX = 0xffff_ffff;

const FORM = /^leeward1:([0-9]{1,20}):([0-9]{1,10}):([0-9A-F]{1,8}\/[0-9A-F]{1,8})$/i;

/** `leeward1:<system id>:<timeline>:<HI/LO>`; undefined for anything else. */
export function parseToken(text: string): Token | undefined {
  const match = FORM.exec(text);
  if (!match) return undefined;
  const [, systemId = "", timelineText = "", lsnText = ""] = match;
  const timeline = Number(timelineText);
  const lsn = parseLsnNumber(lsnText);
  if (timeline < 1 || timeline > TIMELINE_MAX || lsn === undefined) return undefined;
  return { systemId: systemId as SystemId, timeline, lsn };
}

export function formatToken({ systemId, timeline, lsn }: Token): string {
  return `leeward1:${systemId}:${timeline}:${formatLsnNumber(lsn)}`;
}

/** A position as a number; undefined when it is none, or beyond 2^53. */
export function parseLsnNumber(text: string): number | undefined {
  const lsn = Number(parseLsn(text) ?? -1n);
  return lsn >= 0 && lsn <= Number.MAX_SAFE_INTEGER ? lsn : undefined;
}

/** Its first eight hex digits; undefined when it is no such name. */
export function timelineOfWalFile(name: string): number | undefined {
  const digits = /^[0-9A-F]{8}/.exec(name)?.[0];
  return digits === undefined ? undefined : Number.parseInt(digits, 16);
}

export function formatLsnNumber(lsn: number): string {
  return formatLsn(BigInt(lsn) as Lsn);
}

/**
 * The token that stands for both. `learnt` is the newer answer: when it comes from another database system, what was
 * held before means nothing any more. A newer timeline wins, so judge `held` before a session gives it up for one: if
 * it is lost, that was the last chance to say so.
 */
export function laterToken(held: Token | undefined, learnt: Token): Token {
  if (held === undefined || held.systemId !== learnt.systemId) return learnt;
  if (held.timeline !== learnt.timeline) return held.timeline > learnt.timeline ? held : learnt;
  return held.lsn > learnt.lsn ? held : learnt;
}

/** Whether the token still stands for something, and which point an instance must have replayed for it. */
export function judgeToken(token: Token, known: TimelineKnowledge): Judgement {
  const { timeline, lsn } = token;
  if (token.systemId !== known.systemId) {
    const because = `it belongs to database system ${token.systemId}, and this is ${known.systemId}`;
    return { kind: "foreign", because };
  }
  if (isBeyondFork(token, known.forks)) {
    const because = `${placeOf(token)} was not on the primary that was promoted as timeline ${newestTimeline(known.forks)}`;
    return { kind: "lost", because };
  }
  const newest = newestTimeline(known.forks);
  if (timeline > newest) {
    const because = `nobody has told yet where timeline ${timeline} begins`;
    return { kind: "unknown-yet", timeline, lsn, because };
  }
  if (known.timeline > newest && timeline < known.timeline) {
    const because = `nobody has told yet whether timeline ${known.timeline} began before ${placeOf(token)}`;
    return { kind: "unknown-yet", timeline, lsn, because };
  }
  return { kind: "reached-by", timeline, lsn };
}

/** In words, where somebody asks why: most judgements say that nothing is wrong. */
function placeOf({ timeline, lsn }: WalPoint): string {
  return `${formatLsnNumber(lsn)} of timeline ${timeline}`;
}

/**
 * Whether an instance that has replayed up to `position` has everything up to `point`. On another timeline that holds
 * only where the forks say that one led to the other: positions of unrelated timelines compare, and mean nothing.
 */
export function hasReplayed(position: WalPoint, point: WalPoint, forks: readonly Fork[]): boolean {
  if (position.lsn < point.lsn || position.timeline < point.timeline) return false;
  if (position.timeline === point.timeline) return !isBeyondFork(position, forks);
  if (position.timeline > newestTimeline(forks)) return false;
  return !isBeyondFork(position, forks) && !isBeyondFork(point, forks);
}

/** `isPastFork` for positions that are numbers. */
export function isBeyondFork({ timeline, lsn }: WalPoint, forks: readonly Fork[]): boolean {
  if (forks.length === 0) return false;
  return isPastFork({ timeline, lsn: BigInt(lsn) as Lsn }, forks);
}

/** PostgreSQL's own default; another is chosen at initdb only. */
export const SEGMENT_BYTES = 16 * 1024 * 1024;
const PAGE_BYTES = 8192;
const PAGE_HEADER_BYTES = 24;
/** Of the first page of a segment. */
const LONG_HEADER_BYTES = 40;

/**
 * The end of the last record, from where the next one may begin. When a record ends with its page, PostgreSQL names
 * the place after the next page's header, which nobody writes, sends or replays before there is a next record:
 * whoever waits for it on an idle system waits for ever.
 */
export function roundDownOutOfPageHeader(insertLsn: number, segmentBytes = SEGMENT_BYTES): number {
  const intoPage = insertLsn % PAGE_BYTES;
  const isFirstPage = insertLsn % segmentBytes < PAGE_BYTES;
  const headerBytes = isFirstPage ? LONG_HEADER_BYTES : PAGE_HEADER_BYTES;
  return intoPage <= headerBytes ? insertLsn - intoPage : insertLsn;
}
