/** `leeward rejoin`: a Region that left comes back. */
import type { Command } from "commander";
import type { Run } from "./frame.ts";
import { memberCommand } from "./member-command.ts";

const description =
  "Bring back a Region that was detached, or whose data left the common history: what it has becomes evidence, then it is cloned.";

export function rejoinCommand(run: Run): Command {
  return memberCommand("rejoin", description, run);
}
