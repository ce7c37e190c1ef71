/**
 * Finds out what became of a commit whose answer was lost. Nobody guesses: a transaction's number alone would not do,
 * because after a failover, or a crash that took its first write along, the same number is given to another.
 *
 *   the writer's timeline goes on ──► the writer itself says what became of its transaction
 *   a newer one has left it       ──► it is committed if, and only if, its commit record lies before that fork
 *
 * and in both, if its first write was not overwritten: a server that has crashed goes on behind a shutdown checkpoint.
 * Every instance that has replayed so far has that WAL, and so this Region's own is asked.
 */
import type { Clock } from "../env/env.ts";
import { pauseUntil } from "../env/pause-until.ts";
import { newestTimeline, type Fork } from "../model/fork.ts";
import type { SystemId } from "../model/region.ts";
import type { Pulse } from "../std/pulse.ts";
import type { Witness } from "./commit-witness.ts";
import type { Token, WalPoint } from "./token.ts";

export type CommitOutcome =
  /** Whoever has replayed `token` has it. */
  | { readonly kind: "committed"; readonly token: Token }
  | { readonly kind: "rolled-back"; readonly because: string }
  | { readonly kind: "unknown"; readonly because: string };

/** What the writer says of a transaction: `pg_xact_status`, and where its WAL ends, flushed or not. */
export type TransactionStatus = { readonly status: string | undefined; readonly at: WalPoint };

/** What the WAL says of a transaction. */
export type TransactionRecords = {
  /** A crash has taken its first write, and perhaps given its number to another. */
  readonly isOverwritten: boolean;
  readonly isCommitted: boolean;
};

export type CertaintyDoors = {
  readonly clock: Clock;
  /** Beats when the agent has said something. */
  readonly news: Pulse;
  readonly known: () => { readonly systemId: SystemId; readonly forks: readonly Fork[] };
  /** Under the right of the present lease. @throws Failure */
  readonly status: (xid: string, signal: AbortSignal) => Promise<TransactionStatus>;
  /** Whether this Region's instance replays the point in time. */
  readonly waitFor: (point: WalPoint, withinMs: number, signal: AbortSignal) => Promise<boolean>;
  /** What is in its WAL before a position behind the first write. @throws Failure */
  readonly records: (
    witness: Witness,
    beforeLsn: number,
    signal: AbortSignal,
  ) => Promise<TransactionRecords>;
};

/** 100 ms between looks while nothing is heard: a primary that restarts takes longer. */
const lookEveryMs = 100;
/** 256 MiB of WAL are read within a second; a client that writes more in one transaction can look for itself. */
const windowBytesMax = 268_435_456;

/** Answers within `withinMs`, and rejects with the signal's reason alone. */
export async function findCommit(
  witness: Witness,
  doors: CertaintyDoors,
  within: { readonly ms: number; readonly signal: AbortSignal },
): Promise<CommitOutcome> {
  const { clock, news } = doors;
  const { signal } = within;
  const untilMs = clock.monotonicMs() + within.ms;
  let because = "nobody has told where the writer is";
  while (clock.monotonicMs() < untilMs) {
    signal.throwIfAborted();
    try {
      const found = await look(witness, doors, { untilMs, signal });
      if (found.kind !== "unknown") return found;
      because = found.because;
    } catch (error) {
      signal.throwIfAborted();
      because = error instanceof Error ? error.message : String(error);
    }
    await pauseUntil(clock, news, Math.min(untilMs, clock.monotonicMs() + lookEveryMs), signal);
  }
  signal.throwIfAborted();
  return unknown(because);
}

type Bounds = { readonly untilMs: number; readonly signal: AbortSignal };

async function look(
  witness: Witness,
  doors: CertaintyDoors,
  bounds: Bounds,
): Promise<CommitOutcome> {
  const { forks } = doors.known();
  const fork = forkThatLeft(witness.since.timeline, forks);
  if (fork !== undefined) return lookBefore(fork, witness, doors, bounds);
  if (newestTimeline(forks) > witness.since.timeline) {
    return unknown(`timeline ${witness.since.timeline} was given up`);
  }
  return askWriter(witness, doors, bounds);
}

/** By which the history of the newest timeline left this one; undefined while it has not. */
export function forkThatLeft(timeline: number, forks: readonly Fork[]): Fork | undefined {
  const at = (number: number): Fork | undefined => forks.find((fork) => fork.timeline === number);
  let child = at(newestTimeline(forks));
  while (child !== undefined && child.parent !== timeline) child = at(child.parent);
  return child;
}

async function lookBefore(
  fork: Fork,
  witness: Witness,
  doors: CertaintyDoors,
  bounds: Bounds,
): Promise<CommitOutcome> {
  const { since } = witness;
  const { timeline } = fork;
  const lsn = Number(fork.lsn);
  const lost = rolledBack(`the primary of timeline ${timeline} was promoted without it`);
  if (lsn <= since.lsn) return lost;
  if (lsn - witness.flushedLsn > windowBytesMax) {
    return unknown(`it would take a look through ${lsn - witness.flushedLsn} bytes`);
  }
  if (!(await hasComeTo({ timeline, lsn }, doors, bounds))) return notThereYet;
  const { isOverwritten, isCommitted } = await doors.records(witness, lsn, bounds.signal);
  if (isOverwritten || !isCommitted) return lost;
  return committed({ timeline, lsn }, doors);
}

async function askWriter(
  witness: Witness,
  doors: CertaintyDoors,
  bounds: Bounds,
): Promise<CommitOutcome> {
  const { xid, since } = witness;
  const { status, at } = await doors.status(xid, bounds.signal);
  if (at.timeline !== since.timeline) return unknown("the writer has just been promoted");
  const crashed = rolledBack("the writer has crashed before it was written");
  if (at.lsn < since.lsn) return crashed;
  if (status === "aborted") return rolledBack("the writer says that it was aborted");
  if (status !== "committed") return unknown(`the writer says that it is ${status ?? "forgotten"}`);
  if (!(await hasComeTo(since, doors, bounds))) return notThereYet;
  const { isOverwritten } = await doors.records(witness, since.lsn, bounds.signal);
  return isOverwritten ? crashed : committed(at, doors);
}

async function hasComeTo(
  point: WalPoint,
  { clock, waitFor }: CertaintyDoors,
  { untilMs, signal }: Bounds,
): Promise<boolean> {
  return waitFor(point, Math.max(0, untilMs - clock.monotonicMs()), signal);
}

const notThereYet = unknown("the instance here has not come so far");

function unknown(because: string): CommitOutcome {
  return { kind: "unknown", because };
}

function rolledBack(because: string): CommitOutcome {
  return { kind: "rolled-back", because };
}

function committed(at: WalPoint, { known }: CertaintyDoors): CommitOutcome {
  return { kind: "committed", token: { systemId: known().systemId, ...at } };
}
