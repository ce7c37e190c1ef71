/** The commands that change which Regions belong to a database have one shape. */
import { Command } from "commander";
import type { ApiOperationKind } from "../api/operations-api.ts";
import { knownDatabase, knownRegion, withWorld } from "./context.ts";
import type { Run } from "./frame.ts";
import { runOperations } from "./operation-run.ts";
import { firstStatus } from "./operation-watch.ts";

export function memberCommand(
  kind: Extract<ApiOperationKind, "detach" | "add" | "rejoin" | "remove">,
  description: string,
  run: Run,
): Command {
  return new Command(kind)
    .argument("<database>", "the global database")
    .argument("<region>", "the Region")
    .description(description)
    .addHelpText("after", `\nExample:\n  leeward ${kind} orders us-west-2`)
    .action((database: string, region: string) =>
      run((frame) =>
        withWorld(frame, async (connection) => {
          const status = await firstStatus(
            { client: connection.client, clock: frame.clock },
            frame.signal,
          );
          knownRegion(status, region);
          knownDatabase(status, database);
          await runOperations(frame, connection, [{ database, request: { kind, to: region } }]);
        }),
      ),
    );
}
