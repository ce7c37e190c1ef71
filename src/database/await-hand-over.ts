/**
 * What the target of a switchover does before it is promoted: it writes probes to the old writer, so that the pause is
 * measured from the last acknowledgement, and it waits until the stream has ended and everything is replayed.
 */
import type { Command, CommandAction } from "../model/assignment.ts";
import { Failure } from "../model/failure.ts";
import type { Lsn } from "../model/lsn.ts";
import type { CommandResult } from "../model/instance.ts";
import type { ServerStatus } from "../postgres/postgres.ts";
import type { CommandContext, FoundOut } from "./command-context.ts";

/** 10 ms: what the last look costs the pause, on average half of it; a look costs 1 ms. */
const lookEveryMs = 10;
/** 20 ms between positions that are told: some tens of small messages until the old writer has stopped. */
const tellEveryMs = 20;
/** 150 s: the checkpoint of the old writer may take 120 s, and its shutdown 10 s; nobody waits for longer. */
const waitMsMax = 150_000;

/** 5 s for the first probe: to log in through a link takes some five round trips, of a second at worst. */
const firstProbeMsMax = 5_000;

type Action = Extract<CommandAction, { readonly kind: "await-handover" }>;

/** @throws Failure `operation.refused` when it does not stream, or the operation is over, or nothing happens */
export async function awaitHandOver(
  context: CommandContext,
  command: Command,
  { upstream, foundOut }: Action & { readonly foundOut: FoundOut },
  signal: AbortSignal,
): Promise<CommandResult> {
  const { lastAck, postgres } = context;
  const first = await postgres.status(signal);
  if (!first.isInRecovery || !first.isStreaming) {
    throw refused(context, "it does not stream from the writer");
  }
  lastAck.operation = command.operation;
  lastAck.atMs = undefined;
  // Before anybody is told that this watches: the write pause is measured from the last one that is acknowledged.
  await probeOnce(context, upstream.address, signal);
  foundOut({ kind: "watching", isProbing: lastAck.atMs !== undefined });
  const over = new AbortController();
  const probing = AbortSignal.any([signal, over.signal]);
  const probes = probeForever(context, upstream.address, probing);
  try {
    return await Promise.race([endOfStream(context, command, foundOut, signal), probes]);
  } finally {
    over.abort(new Error("the stream has ended"));
    probes.catch(() => undefined);
  }
}

async function endOfStream(
  context: CommandContext,
  command: Command,
  foundOut: FoundOut,
  signal: AbortSignal,
): Promise<CommandResult> {
  const { clock, postgres } = context;
  const untilMs = clock.monotonicMs() + waitMsMax;
  let toldAtMs = -Infinity;
  let told: Lsn | undefined;
  let before: ServerStatus | undefined;
  while (clock.monotonicMs() < untilMs) {
    if (isOver(context, command)) throw refused(context, `${command.operation} is over`);
    const status = await postgres.status(signal);
    // Twice, because between the end of the receiver and the last replay there is a moment that looks like the end.
    if (hasAll(status) && before !== undefined && hasAll(before)) {
      const { timeline, replayedLsn } = status;
      if (replayedLsn === before.replayedLsn) return { kind: "position", timeline, replayedLsn };
    }
    before = status;
    // Whoever has the token by now need not wait for the end of the stream, which takes the old writer a round trip.
    const nowMs = clock.monotonicMs();
    if (status.replayedLsn !== told && nowMs - toldAtMs >= tellEveryMs) {
      [told, toldAtMs] = [status.replayedLsn, nowMs];
      foundOut({ kind: "position", timeline: status.timeline, replayedLsn: status.replayedLsn });
    }
    await clock.sleep(lookEveryMs, signal);
  }
  throw refused(context, `the old writer did not hand over within ${waitMsMax} ms`);
}

function hasAll({ isStreaming, flushedLsn, replayedLsn }: ServerStatus): boolean {
  return !isStreaming && flushedLsn === replayedLsn;
}

/** A newer version of the record knows nothing of the operation, or its epoch has begun. */
export function isOver({ assignment }: CommandContext, command: Command): boolean {
  const present = assignment();
  if (!present || present.version <= command.version) return false;
  return present.epoch > command.epoch || present.operation !== command.operation;
}

async function probeOnce(
  { clock, postgres, lastAck }: CommandContext,
  at: Action["upstream"]["address"],
  signal: AbortSignal,
): Promise<void> {
  const untilMs = clock.monotonicMs() + firstProbeMsMax;
  while (lastAck.atMs === undefined && clock.monotonicMs() < untilMs) {
    if (await postgres.probe(at, signal)) lastAck.atMs = clock.monotonicMs();
    else await clock.sleep(lookEveryMs, signal);
  }
}

/** Never settles; rejects when `signal` aborts. */
async function probeForever(
  { clock, postgres, lastAck }: CommandContext,
  at: Action["upstream"]["address"],
  signal: AbortSignal,
): Promise<never> {
  for (;;) {
    const isAcknowledged = await postgres.probe(at, signal);
    if (isAcknowledged && !signal.aborted) lastAck.atMs = clock.monotonicMs();
    await clock.sleep(lookEveryMs, signal);
  }
}

function refused({ id }: CommandContext, because: string): Failure {
  return new Failure("operation.refused", `${id.region} does not wait for a hand-over: ${because}`);
}
