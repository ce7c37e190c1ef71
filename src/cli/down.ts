/** `leeward down`: stops the world and keeps its data. */
import { Command } from "commander";
import { findWorldToEnd } from "./context.ts";
import { printJson, printLine, type Frame, type Run } from "./frame.ts";
import { formatDuration } from "./output.ts";
import { stopWorld } from "./world-stop.ts";

export function downCommand(run: Run): Command {
  return new Command("down")
    .description("Stop the world and keep its data. A no-op when nothing runs.")
    .addHelpText("after", "\nExample:\n  leeward down")
    .action(() => run(down));
}

async function down(frame: Frame): Promise<void> {
  const startedMs = frame.clock.monotonicMs();
  const layout = findWorldToEnd(frame);
  const stopped = layout !== undefined && (await stopWorld(frame, layout));
  const tookMs = Math.round(frame.clock.monotonicMs() - startedMs);
  if (frame.options.json) return printJson(frame, { stopped, tookMs });
  printLine(
    frame,
    stopped
      ? `Stopped (${formatDuration(tookMs)}); the data stays in ${layout.root}`
      : "Nothing runs here.",
  );
  return undefined;
}
