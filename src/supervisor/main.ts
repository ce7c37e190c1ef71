/** The supervisor as a program of its own, in the background: `leeward up --detach` starts it. */
import { nodeClock } from "../env/node/clock.ts";
import { nodeFiles } from "../env/node/files.ts";
import { nodeRandom } from "../env/node/random.ts";
import { describeError, Failure } from "../model/failure.ts";
import { fileLog } from "./file-log.ts";
import { launchOptions, type LaunchAnswer } from "./launch.ts";
import { openWorld } from "./local-world.ts";
import { programEnvironment, thisProgram } from "./this-program.ts";

/** Settles when the world was stopped (SIGTERM, which `leeward down` sends). */
export async function main(options: string): Promise<void> {
  const { pgBin, ...launch } = launchOptions.parse(JSON.parse(options));
  const stop = new AbortController();
  const stopped = new Promise<void>((resolve) => {
    stop.signal.addEventListener("abort", () => resolve(), { once: true });
  });
  process.on("SIGTERM", () => stop.abort());
  // Who started us may be gone, and its terminal with it.
  process.on("SIGHUP", () => undefined);
  process.stdout.on("error", () => undefined);
  try {
    const world = await openWorld(
      {
        ...launch,
        pgBin: pgBin ?? undefined,
        self: thisProgram(),
        environment: programEnvironment(process.env),
      },
      { clock: nodeClock, random: nodeRandom, files: nodeFiles, log: fileLog },
      stop.signal,
    );
    answer({ kind: "serving", notYet: [...world.notYet] });
    await stopped;
    await world.close();
    process.exit(0);
  } catch (error) {
    const code = error instanceof Failure ? error.code : "world.start-failed";
    answer({ kind: "failed", code, message: describeError(error) });
    process.exit(error instanceof Failure ? error.spec.exit : 70);
  }
}

function answer(said: LaunchAnswer): void {
  process.stdout.write(`${JSON.stringify(said)}\n`);
}
