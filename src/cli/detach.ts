/** `leeward detach`: a secondary leaves its database. */
import type { Command } from "commander";
import type { Run } from "./frame.ts";
import { memberCommand } from "./member-command.ts";

const description =
  "Make a secondary a database of its own, <database>-<region>, which accepts writes. The rest goes on without it.";

export function detachCommand(run: Run): Command {
  return memberCommand("detach", description, run);
}
