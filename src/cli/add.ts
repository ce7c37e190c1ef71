/** `leeward add`: a Region joins a database. */
import type { Command } from "commander";
import type { Run } from "./frame.ts";
import { memberCommand } from "./member-command.ts";

const description =
  "Make a Region of leeward.yaml a member again after it was removed; it is cloned from the primary.";

export function addCommand(run: Run): Command {
  return memberCommand("add", description, run);
}
