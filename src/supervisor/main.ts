/** The supervisor as a program of its own, in the background: `leeward up --detach` starts it. */
import { stateLayout } from "../config/state-directory.ts";
import { nodeCertificates } from "../env/node/certificates.ts";
import { nodeClock } from "../env/node/clock.ts";
import { nodeFiles } from "../env/node/files.ts";
import { nodeRandom } from "../env/node/random.ts";
import { describeError, Failure } from "../model/failure.ts";
import { fileLog } from "./file-log.ts";
import { launchOptions, type LaunchAnswer, type LaunchOptions } from "./launch.ts";
import { openWorld } from "./local-world.ts";
import { programEnvironment, thisProgram } from "./this-program.ts";

/** Ends the process when the world was stopped (SIGTERM, which `leeward down` sends). */
export async function main(options: string): Promise<void> {
  const { pgBin, ...launch } = launchOptions.parse(JSON.parse(options));
  dieLoudly(stateLayout(launch.stateDirectory).log("supervisor"));
  const stop = new AbortController();
  const stopped = new Promise<void>((resolve) => {
    stop.signal.addEventListener("abort", () => resolve(), { once: true });
  });
  process.on("SIGTERM", () => stop.abort());
  process.on("SIGINT", () => stop.abort());
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
      {
        clock: nodeClock,
        random: nodeRandom,
        files: nodeFiles,
        certificates: nodeCertificates,
        log: fileLog,
      },
      stop.signal,
    );
    answer({ kind: "serving", notYet: [...world.notYet] });
    await stopped;
    await world.close();
    process.exit(0);
  } catch (error) {
    const failure =
      stop.signal.aborted && !(error instanceof Failure) ? stoppedEarly(launch) : error;
    const code = failure instanceof Failure ? failure.code : "world.start-failed";
    answer({ kind: "failed", code, message: describeError(failure) });
    process.exit(failure instanceof Failure ? failure.spec.exit : 70);
  }
}

function stoppedEarly({ stateDirectory }: Pick<LaunchOptions, "stateDirectory">): Failure {
  const message = `The world in ${stateDirectory} was stopped before it was ready`;
  return new Failure("world.not-running", message);
}

/** A bug ends the world; its words go to the log, because nobody sees our standard error. */
function dieLoudly(logPath: string): void {
  const die = (error: unknown): never => {
    const stack = error instanceof Error ? error.stack : undefined;
    fileLog(logPath).error("program.crashed", { error: describeError(error), stack });
    process.exit(70);
  };
  process.on("uncaughtException", die);
  process.on("unhandledRejection", die);
}

function answer(said: LaunchAnswer): void {
  process.stdout.write(`${JSON.stringify(said)}\n`);
}
