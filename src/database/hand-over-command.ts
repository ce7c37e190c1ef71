/** How a writer stops being one: cleanly, with nothing lost, or at once. */
import type { HoldTerms } from "../engine/write-gate.ts";
import { withDeadline } from "../env/deadline.ts";
import type { Command, CommandAction } from "../model/assignment.ts";
import { describeError, Failure } from "../model/failure.ts";
import type { CommandResult } from "../model/instance.ts";
import type { OperationId } from "../model/region.ts";
import type { HandOverMark } from "./agent-state.ts";
import { isOver } from "./await-hand-over.ts";
import type { CommandContext, FoundOut } from "./command-context.ts";

type HandOverAction = Extract<CommandAction, { readonly kind: "hand-over" }> & {
  readonly foundOut: FoundOut;
};

/** 3 ms: reading the control file costs 0.1 ms, and writes wait for what it says. */
const tokenLookMs = 3;

/**
 * Holds writes, notes durably that this writer does not start again of itself, shuts it down cleanly, and answers
 * where its WAL ends. Asked again when that is done, it answers the same.
 * @throws Failure; the controller rolls the switchover back, and the writer starts again
 */
export async function handOver(
  context: CommandContext,
  command: Command,
  { withinMs, pins, foundOut }: HandOverAction,
  signal: AbortSignal,
): Promise<CommandResult> {
  const { clock, postgres, region, server } = context;
  const untilMs = clock.monotonicMs() + withinMs;
  if (!server.running) {
    const mark = region.handedOver();
    if (mark?.operation !== command.operation || mark.how !== "shut-down") {
      throw refused(context, "the writer does not run");
    }
    return { kind: "token", ...(await postgres.token(signal)) };
  }
  const assignment = context.assignment();
  if (assignment?.role !== "primary" || assignment.epoch !== command.epoch || !server.mayWrite) {
    throw refused(context, `it is not the writer of epoch ${command.epoch}`);
  }
  await holdWrites(context, command, { withinMs, pins }, signal);
  const leftMs = Math.max(0, untilMs - clock.monotonicMs());
  const stopped = new AbortController();
  const telling = tellToken(context, foundOut, AbortSignal.any([signal, stopped.signal]));
  const trouble = await stopWithin(context, leftMs, signal);
  stopped.abort(new Error("the server has stopped"));
  await telling;
  if (trouble !== undefined) {
    signal.throwIfAborted();
    await server.fence();
    throw refused(context, trouble);
  }
  return { kind: "token", ...(await postgres.token(signal)) };
}

/** Nothing is held when it throws. */
async function holdWrites(
  context: CommandContext,
  command: Command,
  terms: HoldTerms,
  signal: AbortSignal,
): Promise<void> {
  const { gate, id, region } = context;
  const { isHeld, because } = await gate.hold(command.epoch, terms, signal);
  if (!isHeld) throw refused(context, because);
  try {
    if (isOver(context, command)) throw refused(context, `${command.operation} is over`);
    region.noteHandOver(markOf(command, "shut-down"));
  } catch (error) {
    gate.release(command.epoch, id.region);
    throw error;
  }
}

/**
 * Notes durably that this writer does not start again of itself, and kills every process of it. The note is made also
 * where no writer runs: an assignment and a lease may be on their way here. A standby accepts no writes, and lives on.
 */
export async function fence(context: CommandContext, command: Command): Promise<void> {
  const { assignment, become, region, server } = context;
  region.noteHandOver(markOf(command, "fenced"));
  if (assignment()?.role === "secondary" && !server.mayWrite) return;
  await server.fence();
  become({ kind: "fenced", because: `it was stopped for ${command.operation}` });
}

/** Tells the token as soon as there is one: the shutdown goes on for a round trip to the secondaries. */
async function tellToken(
  { clock, postgres }: CommandContext,
  foundOut: FoundOut,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    const token = await postgres.token(signal).catch(() => undefined);
    if (token && !signal.aborted) return foundOut({ kind: "token", ...token });
    await clock.sleep(tokenLookMs, signal).catch(() => undefined);
  }
}

/** Answers why the shutdown is worth nothing, or undefined. */
async function stopWithin(
  { clock, server }: CommandContext,
  ms: number,
  signal: AbortSignal,
): Promise<string | undefined> {
  const late = (): Error =>
    new Failure("postgres.stop-failed", `it took longer than ${Math.round(ms)} ms`);
  try {
    const isClean = await withDeadline(clock, { ms, expired: late }, signal, (within) =>
      server.stop("fast", within),
    );
    return isClean ? undefined : "its shutdown was not clean";
  } catch (error) {
    return `its shutdown failed: ${describeError(error)}`;
  }
}

function markOf({ operation, epoch, version }: Command, how: HandOverMark["how"]): HandOverMark {
  return { operation: operation as OperationId, epoch, version, how };
}

function refused({ id }: CommandContext, because: string): Failure {
  return new Failure("operation.refused", `${id.region} does not hand over: ${because}`);
}
