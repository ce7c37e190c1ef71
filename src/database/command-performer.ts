/**
 * Carries out one command on one instance. Each deed looks first at what is there, because it may have been done, or
 * half done, before this agent was killed; and none destroys data that cannot be had again (SPEC.md, A6 to A8, A17).
 */
import type { Command, CommandAction } from "../model/assignment.ts";
import type { CommandResult } from "../model/instance.ts";
import { unreachable } from "../std/assert.ts";
import { awaitHandOver } from "./await-hand-over.ts";
import { clone, create } from "./build-commands.ts";
import { catchUp } from "./catch-up-command.ts";
import type { HandOverMark } from "./agent-state.ts";
import type { CommandContext, FoundOut } from "./command-context.ts";
import { discard, setAside } from "./evidence-commands.ts";
import { fence, handOver } from "./hand-over-command.ts";
import { promote } from "./promote-command.ts";

/**
 * Whether it goes on beside what the keeper does: it changes nothing of what the keeper looks after, or, a fence,
 * must not wait for it.
 */
export function runsBeside({ kind }: CommandAction): boolean {
  return (
    kind === "await-handover" ||
    kind === "checkpoint" ||
    kind === "fence" ||
    kind === "seal" ||
    kind === "remove-evidence"
  );
}

/** Whether it is noted on disk that it began: one that was interrupted has failed then. Others are done again. */
export function isDoneOnce({ kind }: CommandAction): boolean {
  return kind === "create" || kind === "clone";
}

/** @throws Failure that says why it was refused or did not succeed */
export async function performCommand(
  context: CommandContext,
  command: Command,
  foundOut: FoundOut,
  signal: AbortSignal,
): Promise<CommandResult | undefined> {
  const { action } = command;
  switch (action.kind) {
    case "await-handover":
      return awaitHandOver(context, command, { ...action, foundOut }, signal);
    case "hand-over":
      return handOver(context, command, { ...action, foundOut }, signal);
    case "promote":
      return promote(context, command, action.passOver, signal);
    default:
      await perform(context, command, action, signal);
      return undefined;
  }
}

type Told = Extract<CommandAction["kind"], "await-handover" | "hand-over" | "promote">;

/** Those that find nothing out. */
async function perform(
  context: CommandContext,
  command: Command,
  action: Exclude<CommandAction, { readonly kind: Told }>,
  signal: AbortSignal,
): Promise<void> {
  const { epoch, version } = command;
  switch (action.kind) {
    case "create":
      return create(context, action, signal);
    case "clone":
      return clone(context, action, signal);
    case "checkpoint":
      return context.postgres.checkpoint(signal);
    case "fence":
      return fence(context, command);
    case "seal": {
      const operation = command.operation as HandOverMark["operation"];
      return context.region.seal({ operation, epoch: action.epoch, version }, signal);
    }
    case "catch-up":
      return catchUp(context, action, signal);
    case "set-aside":
      return setAside(context, action.because, epoch, signal);
    case "discard":
      return discard(context, { epoch, forks: action.forks }, signal);
    case "remove-evidence":
      await context.postgres.removeEvidence(action.name, signal);
      return context.evidenceChanged();
    default:
      return unreachable(action);
  }
}
