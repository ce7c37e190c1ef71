/** `leeward remove`: a secondary leaves its database, and its copy is removed. */
import type { Command } from "commander";
import type { Run } from "./frame.ts";
import { memberCommand } from "./member-command.ts";

const description = "End a secondary: its copy is removed; what is no copy becomes evidence.";

export function removeCommand(run: Run): Command {
  return memberCommand("remove", description, run);
}
