/**
 * Finds out, after a failover, what became of a commit whose answer was lost. Nobody guesses: a transaction's number
 * alone would not do, because a new primary gives the numbers of lost transactions to others. What was committed has
 * its commit record before the fork by which the newest timeline left that of the transaction; every instance that has
 * replayed past the fork has that WAL, and so this Region's own is asked.
 *
 * A writer that has not moved is asked nothing: it may have crashed or not, and the client can look there itself.
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

export type CertaintyDoors = {
  readonly clock: Clock;
  /** Beats when the agent has said something. */
  readonly news: Pulse;
  readonly known: () => { readonly systemId: SystemId; readonly forks: readonly Fork[] };
  /** The writer's position, under the right of the present lease. @throws Failure */
  readonly writerPosition: (signal: AbortSignal) => Promise<WalPoint>;
  /** Whether this Region's instance replays the point in time. */
  readonly waitFor: (point: WalPoint, withinMs: number, signal: AbortSignal) => Promise<boolean>;
  /** Whether its WAL before `beforeLsn` has the transaction's commit. @throws Failure */
  readonly hasCommit: (
    witness: Witness,
    beforeLsn: number,
    signal: AbortSignal,
  ) => Promise<boolean>;
};

/** 100 ms between looks while nothing is heard: a primary that restarts takes longer. */
const lookEveryMs = 100;
/** 32 MiB of WAL are read within 0.1 s; a client that writes more in one transaction can look for itself. */
const windowBytesMax = 33_554_432;

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
      if (found.kind !== "not-yet") return found;
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

type Look = CommitOutcome | { readonly kind: "not-yet"; readonly because: string };

async function look(witness: Witness, doors: CertaintyDoors, bounds: Bounds): Promise<Look> {
  const { systemId, forks } = doors.known();
  if (systemId !== witness.systemId) return unknown("it is another database system now");
  const fork = forkThatLeft(witness.since.timeline, forks);
  if (fork !== undefined) return lookBefore(fork, witness, doors, bounds);
  if (newestTimeline(forks) > witness.since.timeline) {
    return unknown(`timeline ${witness.since.timeline} was given up`);
  }
  const { timeline } = await doors.writerPosition(bounds.signal);
  if (timeline === witness.since.timeline) return unknown("the writer is where it was");
  return { kind: "not-yet", because: "nobody has told yet where the new timeline begins" };
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
  { clock, hasCommit, waitFor }: CertaintyDoors,
  { untilMs, signal }: Bounds,
): Promise<CommitOutcome> {
  const { since, systemId, flushedLsn } = witness;
  const { timeline } = fork;
  const lsn = Number(fork.lsn);
  const because = `the primary of timeline ${timeline} was promoted without it`;
  if (lsn <= since.lsn) return { kind: "rolled-back", because };
  const windowBytes = lsn - Math.min(flushedLsn, since.lsn);
  if (windowBytes > windowBytesMax)
    return unknown(`it is somewhere in ${windowBytes} bytes of WAL`);
  const leftMs = Math.max(0, untilMs - clock.monotonicMs());
  const hasCome = await waitFor({ timeline, lsn }, leftMs, signal);
  if (!hasCome) return unknown("the instance here has not come so far");
  const isCommitted = await hasCommit(witness, lsn, signal);
  if (!isCommitted) return { kind: "rolled-back", because };
  return { kind: "committed", token: { systemId, timeline, lsn } };
}

function unknown(because: string): CommitOutcome {
  return { kind: "unknown", because };
}
