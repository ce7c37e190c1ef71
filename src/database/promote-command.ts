/** Makes the instance the writer of the epoch that was claimed for it. Tried again until it succeeds. */
import type { Assignment, Command } from "../model/assignment.ts";
import { Failure } from "../model/failure.ts";
import { newestTimeline } from "../model/fork.ts";
import type { CommandResult } from "../model/instance.ts";
import type { CommandContext } from "./command-context.ts";

/** 5 ms between probes: what is measured is a pause of some hundreds. */
const probeEveryMs = 5;
/** 10 s until a writer with open writes must have acknowledged one; without it, the pause is not known. */
const probeMsMax = 10_000;
/** 5 ms: until a lease comes, which was asked for at once. */
const leaseLookMs = 5;
/** 5 s: two reports that are lost, and a third one that is not. */
const leaseWaitMs = 5_000;
/** 300 ms: to promote takes so long; what is left after it is made longer by the next report. */
export const leaseLeftMsMin = 300;

/** @throws Failure `postgres.promote-failed`, and what starting a server throws */
export async function promote(
  context: CommandContext,
  command: Command,
  passOver: boolean,
  signal: AbortSignal,
): Promise<CommandResult> {
  const { become, gate, id, server } = context;
  const assignment = requireWriter(context, command);
  await awaitLease(context, signal);
  become({ kind: "promoting" });
  if (!server.running) await startAny(context, assignment, signal);
  await passOverOthers(context, assignment, passOver, signal);
  const fork = await server.promote(signal);
  await context.ensureSlots(signal);
  // The assignment may have changed while it took its time.
  const { epoch } = requireWriter(context, command);
  await server.openWrites({ epoch, operation: command.operation }, signal);
  gate.release(epoch, id.region);
  const firstAckMs = await firstAck(context, signal);
  const lastAckMs =
    context.lastAck.operation === command.operation ? context.lastAck.atMs : undefined;
  const writePauseMs =
    firstAckMs === undefined || lastAckMs === undefined
      ? undefined
      : Math.round(firstAckMs - lastAckMs);
  become({ kind: "serving" });
  return { kind: "promoted", fork, writePauseMs };
}

function requireWriter(context: CommandContext, { epoch }: Command): Assignment {
  const assignment = context.assignment();
  if (assignment?.role === "primary" && assignment.epoch === epoch) return assignment;
  throw failed(context, `it is not assigned to be the writer of epoch ${epoch}`);
}

async function awaitLease(context: CommandContext, signal: AbortSignal): Promise<void> {
  const { clock, region } = context;
  if (region.leaseLeftMs() >= leaseLeftMsMin) return;
  region.askForLease();
  const untilMs = clock.monotonicMs() + leaseWaitMs;
  while (region.leaseLeftMs() < leaseLeftMsMin) {
    if (clock.monotonicMs() >= untilMs) throw failed(context, "no lease came");
    await clock.sleep(leaseLookMs, signal);
  }
}

/**
 * A standby as a standby, to be promoted; what was promoted before it ended goes on as a writer: its timeline is one
 * that nobody has heard of yet. An earlier writer's data are promoted like a standby's, so that this epoch has a timeline
 * of its own.
 */
async function startAny(
  { postgres, region, server }: CommandContext,
  assignment: Assignment,
  signal: AbortSignal,
): Promise<void> {
  const data = await postgres.inspect(signal);
  if (data.kind !== "present" || data.systemId !== assignment.systemId) {
    throw new Failure("postgres.data-missing", "There is nothing here to promote");
  }
  const mark = region.handedOver();
  if (mark) throw new Failure("postgres.promote-failed", `It was stopped for ${mark.operation}`);
  const newest = newestTimeline(assignment.forks);
  const wasPromoted = !data.isStandby && data.end.timeline > newest;
  const as = wasPromoted ? "primary" : "fenced";
  await server.start({ kind: as }, "it is promoted", signal);
}

/**
 * Two that are promoted from one timeline take the same number for the next one, and their histories could not be told
 * apart (O10): who has not reached the newest timeline takes a number above it, and only where that one was given up.
 */
async function passOverOthers(
  context: CommandContext,
  { forks }: Assignment,
  isGivenUp: boolean,
  signal: AbortSignal,
): Promise<void> {
  const { postgres, server } = context;
  const newest = newestTimeline(forks);
  const { isInRecovery, timeline } = await postgres.status(signal);
  if (!isInRecovery || timeline >= newest) return;
  if (!isGivenUp) throw failed(context, `it is on timeline ${timeline}, and there is ${newest}`);
  const { running } = server;
  if (running?.kind === "fenced" && running.passOver !== undefined) return;
  await server.stop("fast", signal);
  await server.start({ kind: "fenced", passOver: forks }, `timeline ${newest} is given up`, signal);
}

/** When the new writer acknowledged its first probe; undefined when it does not. */
async function firstAck(
  { address, clock, postgres }: CommandContext,
  signal: AbortSignal,
): Promise<number | undefined> {
  const untilMs = clock.monotonicMs() + probeMsMax;
  try {
    while (clock.monotonicMs() < untilMs) {
      if (await postgres.probe(address, signal)) return clock.monotonicMs();
      await clock.sleep(probeEveryMs, signal);
    }
    return undefined;
  } finally {
    postgres.closeProbes();
  }
}

function failed({ id }: CommandContext, because: string): Failure {
  return new Failure("postgres.promote-failed", `${id.region} was not promoted: ${because}`);
}
