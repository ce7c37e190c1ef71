/** Before a failover: the target takes from another survivor what it did not receive from the writer itself. */
import type { CommandAction } from "../model/assignment.ts";
import { Failure } from "../model/failure.ts";
import type { CommandContext } from "./command-context.ts";

/** 20 ms: a failover waits for it. */
const lookEveryMs = 20;
/** 500 ms: WAL may end in the middle of a record, which is never replayed: this long nothing more came of it. */
const replayedAllMs = 500;
/** 3 s without a byte: the survivor cannot be reached, or has no more of it. */
const stuckMs = 3_000;

type Action = Extract<CommandAction, { readonly kind: "catch-up" }>;

/** @throws Failure `operation.refused` when it does not get there in time; it keeps what it has got */
export async function catchUp(
  context: CommandContext,
  action: Action,
  signal: AbortSignal,
): Promise<void> {
  const { assignment, server } = context;
  const { upstream } = action;
  if (assignment()?.role === "primary" || server.mayWrite) {
    throw refused(context, "it is the writer");
  }
  if (server.running) await server.follow(upstream, signal);
  else await server.start({ kind: "secondary", upstream }, "it catches up", signal);
  const trouble = await watch(context, action, signal);
  if (trouble !== undefined) throw refused(context, trouble);
}

type Progress = {
  readonly flushed: bigint;
  readonly replayed: bigint;
  /** When it moved last. */
  readonly atMs: number;
};

/** Answers why it did not get there, or undefined once it has. */
async function watch(
  { clock, postgres }: CommandContext,
  { untilLsn, withinMs }: Action,
  signal: AbortSignal,
): Promise<string | undefined> {
  const untilMs = clock.monotonicMs() + withinMs;
  let last: Progress = { flushed: -1n, replayed: -1n, atMs: clock.monotonicMs() };
  for (;;) {
    const { flushedLsn: flushed, replayedLsn: replayed } = await postgres.status(signal);
    const nowMs = clock.monotonicMs();
    const hasMoved = flushed !== last.flushed || replayed !== last.replayed;
    last = { flushed, replayed, atMs: hasMoved ? nowMs : last.atMs };
    const stillMs = nowMs - last.atMs;
    const isReplayed = replayed >= untilLsn || stillMs >= replayedAllMs;
    if (flushed >= untilLsn && isReplayed) return undefined;
    if (stillMs >= stuckMs) return `nothing came for ${stuckMs} ms`;
    if (nowMs >= untilMs) return `it took longer than ${withinMs} ms`;
    await clock.sleep(lookEveryMs, signal);
  }
}

function refused({ id }: CommandContext, because: string): Failure {
  return new Failure("operation.refused", `${id.region} did not catch up: ${because}`);
}
