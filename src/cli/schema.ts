/** `leeward schema`: what leeward.yaml may hold, for editors and for people. */
import { Command } from "commander";
import { configJsonSchema } from "../config/json-schema.ts";
import { printJson, type Run } from "./frame.ts";

export function schemaCommand(run: Run): Command {
  return new Command("schema")
    .description("Print the JSON Schema of leeward.yaml, with descriptions, units and defaults.")
    .addHelpText(
      "after",
      `
Example:
  leeward schema > leeward.schema.json

With this first line in leeward.yaml, editors complete and check it:
  # yaml-language-server: $schema=leeward.schema.json`,
    )
    .action(() => run(async (frame) => printJson(frame, configJsonSchema())));
}
