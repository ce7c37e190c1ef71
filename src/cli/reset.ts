/** `leeward reset`: stops the world and deletes its data. */
import { Command } from "commander";
import type { StateLayout } from "../config/state-directory.ts";
import { Failure } from "../model/failure.ts";
import { isStateDirectory } from "../supervisor/state-owner.ts";
import { acquireWorldLock } from "../supervisor/world-lock.ts";
import { ask } from "./confirm.ts";
import { findWorldToEnd } from "./context.ts";
import { printJson, printLine, type Frame, type Run } from "./frame.ts";
import { stopWorld } from "./world-stop.ts";

export function resetCommand(run: Run): Command {
  return new Command("reset")
    .description(
      "Stop the world and delete its data, passwords and logs. A no-op when there are none.",
    )
    .option("-y, --yes", "do not ask")
    .addHelpText("after", "\nExample:\n  leeward reset --yes")
    .action(({ yes }: { yes?: boolean }) => run((frame) => reset(frame, yes === true)));
}

async function reset(frame: Frame, isSure: boolean): Promise<void> {
  const layout = findWorldToEnd(frame);
  const isThere = layout !== undefined && frame.files.exists(layout.root);
  if (!isThere) return say(frame, false, "There is nothing to delete.");
  requireOurs(frame, layout);
  if (!isSure) await confirm(frame, layout.root);
  await stopWorld(frame, layout);
  deleteState(frame, layout);
  return say(frame, true, `Deleted ${layout.root}`);
}

/** `--state` may name anything; only what a world was started in is deleted. */
function requireOurs(frame: Frame, layout: StateLayout): void {
  if (isStateDirectory(frame.files, layout)) return;
  throw new Failure(
    "state.other-world",
    `${layout.root} was not deleted: it holds something else than the state of a world`,
  );
}

/** Holds the lock meanwhile: an `up` in another terminal must not start a world on what is being deleted. */
function deleteState(frame: Frame, layout: StateLayout): void {
  const lock = acquireWorldLock(layout.lock);
  if (!lock) {
    const message = `The world in ${layout.root} was started again; nothing was deleted`;
    throw new Failure("world.already-running", message);
  }
  try {
    frame.files.remove(layout.root);
  } finally {
    lock.release();
  }
}

/** @throws Failure `usage.invalid` when the answer is not yes, or nobody is there to ask */
async function confirm(frame: Frame, path: string): Promise<void> {
  const question = `Delete ${path} with all its databases? Type yes: `;
  const answer = await ask(frame, question);
  if (answer === "yes") return;
  const message =
    answer === undefined
      ? `Deleting ${path} needs --yes when nobody can be asked`
      : "Nothing was deleted";
  throw new Failure("usage.invalid", message);
}

function say(frame: Frame, deleted: boolean, words: string): void {
  if (frame.options.json) printJson(frame, { deleted });
  else printLine(frame, words);
}
